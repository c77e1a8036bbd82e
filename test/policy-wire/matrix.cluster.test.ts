/** The whole chain on real packets: what policies say, what the kernel does, and a reading that shares no code. */
import fc from 'fast-check';
import { createTestAgent } from '../../clusters/embedded/agent/agent-fixture.js';
import type { Agent } from '../../clusters/embedded/agent/agent.js';
import { decide } from '../../policy/decide.js';
import type { Flow } from '../../policy/model.js';
import type { NodeRules } from '../../policy/node-rules.js';
import { bruteForceTiers } from './brute-force-tiers.js';
import { randomSituation, situationFlows } from './random-situation.js';
import { allowedBy, enforce, probeAll } from './wire-probes.js';
import { networkOf, probeOf } from './wire-network.js';

const SITUATIONS = fc.sample(randomSituation(), { numRuns: 160, seed: 20_261 });

test('in 160 situations of nine pods the wire, the evaluator and brute force agree on every cell', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network(networkOf(SITUATIONS[0]!));
  const protocols = await protocolsOf(agent);
  const totals = { cells: 0, denied: 0, named: 0, started: performance.now() };
  let rules = new Map<string, NodeRules>();
  for (const [number, world] of SITUATIONS.entries()) {
    // The first is written in full, each later one as what changed.
    rules = await enforce(agent, world, rules);
    const flows = situationFlows(world, protocols);
    const results = await probeAll(agent, world, flows);
    for (const [i, flow] of flows.entries()) {
      const decision = decide(world, flow);
      const result = results[i]!;
      const seen = `situation ${number}, ${JSON.stringify(flow)}: ${result.cause}; ${decision.explanation}`;
      expect(`${bruteForceTiers(world, flow)} ${seen}`).toBe(`${decision.allowed} ${seen}`);
      expect(`${allowedBy(result)} ${seen}`).toBe(`${decision.allowed} ${seen}`);
      totals.cells += 1;
      if (decision.allowed) continue;
      totals.denied += 1;
      if (result.dropped === undefined) continue;
      totals.named += 1;
      const side = decision.egress.allowed ? decision.ingress : decision.egress;
      const denial = rules.get(result.dropped.netns)?.denials.get(result.dropped.prefix);
      expect({ ...denial, seen }).toMatchObject({
        direction: side.direction,
        policies: side.isolatedBy,
        seen,
      });
      expect(denial?.rule).toEqual(side.deniedBy);
    }
  }
  const seconds = ((performance.now() - totals.started) / 1000).toFixed(0);
  // The runner throws standard output away.
  process.stderr.write(
    `${SITUATIONS.length} situations, ${protocols.join(' and ')}: ${totals.cells} cells in ${seconds} s, ${totals.denied} denied, ${totals.named} with the rule named by the kernel\n`,
  );
  expect(totals.denied / totals.cells).toBeGreaterThan(0.2);
  expect(totals.named / totals.denied).toBeGreaterThan(0.95);
}, 180_000);

/** SCTP where the kernel has it: without, the socket cannot be made. */
async function protocolsOf(agent: Agent): Promise<Flow['protocol'][]> {
  const [world] = SITUATIONS;
  const [flow] = situationFlows(world!, ['SCTP']);
  const [result] = await agent.probe([probeOf(world!, flow!)]);
  return result!.cause === 'unknown' ? ['TCP', 'UDP'] : ['TCP', 'UDP', 'SCTP'];
}

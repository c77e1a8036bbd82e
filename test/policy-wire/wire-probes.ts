import type { Agent, AgentProbeResult } from '../../clusters/embedded/agent/agent.js';
import { compile } from '../../policy/compile.js';
import type { Flow, World } from '../../policy/model.js';
import type { NodeRules } from '../../policy/node-rules.js';
import { renderDelta, renderFull } from '../../policy/render.js';
import { NODES } from './random-world.js';
import { probeOf } from './wire-network.js';

/** Puts a world's rules in force on every node: in full where nothing was before, else as what changed. */
export async function enforce(
  agent: Agent,
  world: World,
  before: ReadonlyMap<string, NodeRules>,
): Promise<Map<string, NodeRules>> {
  const rules = new Map<string, NodeRules>();
  for (const node of NODES) {
    const next = compile(world, node);
    const old = before.get(node);
    for (const script of old === undefined ? renderFull(next) : renderDelta(old, next)) {
      await agent.nft(node, script);
    }
    rules.set(node, next);
  }
  return rules;
}

/** Silence under load proves nothing: what was filtered without the kernel saying so is asked again. */
export async function probeAll(
  agent: Agent,
  world: World,
  flows: readonly Flow[],
): Promise<AgentProbeResult[]> {
  const results = await agent.probe(flows.map((flow) => probeOf(world, flow)));
  const again = results.flatMap(({ cause, dropped }, i) =>
    cause !== 'refused' && cause !== 'open' && dropped === undefined ? [i] : [],
  );
  if (again.length === 0) return results;
  const more = await agent.probe(again.map((i) => probeOf(world, flows[i]!)));
  for (const [at, i] of again.entries()) results[i] = more[at]!;
  return results;
}

/** Whether the packet arrived, or the cause where that cannot be told. */
export function allowedBy({ cause }: AgentProbeResult): boolean | string {
  if (cause === 'open' || cause === 'refused') return true;
  return cause === 'filtered' ? false : cause;
}

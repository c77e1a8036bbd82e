import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { createTestAgent } from '../../clusters/embedded/agent/agent-fixture.js';
import type { Agent } from '../../clusters/embedded/agent/agent.js';
import { valueAt } from '../../common/json.js';
import { compile } from '../../policy/compile.js';
import { decide } from '../../policy/decide.js';
import type { World } from '../../policy/model.js';
import { CHAIN_KINDS, TABLES, type NodeRules } from '../../policy/node-rules.js';
import { renderDelta, renderFull, renderNothing } from '../../policy/render.js';
import { bruteForceAllows } from './brute-force.js';
import { withCrowd } from './crowd.js';
import { allFlows, randomWorld } from './random-world.js';
import { flow, networkPolicy } from './small-world.js';
import { networkOf } from './wire-network.js';
import { allowedBy, enforce, probeAll } from './wire-probes.js';

const DRAWN = fc.sample(randomWorld({ policies: 6, fixedPods: 6 }), { numRuns: 14, seed: 20_260 });
/** In two of them so many policies that the compiler groups them. */
const WORLDS = DRAWN.map((world, i) => (i === 5 || i === 6 ? withCrowd(world) : world));

test('the wire, the evaluator and brute force agree on every flow, and every drop names its policies', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network(networkOf(WORLDS[0]!));
  let rules = new Map<string, NodeRules>();
  let denied = 0;
  for (const world of WORLDS) {
    // The first world is written in full, the others as what changed.
    rules = await enforce(agent, world, rules);
    const flows = allFlows(world, ['TCP', 'UDP']);
    const results = await probeAll(agent, world, flows);
    for (const [i, flow] of flows.entries()) {
      const decision = decide(world, flow);
      const result = results[i]!;
      const seen = `${JSON.stringify(flow)}: ${result.cause}; ${decision.explanation}`;
      expect(decision.allowed).toBe(bruteForceAllows(world, flow));
      expect(`${allowedBy(result)} ${seen}`).toBe(`${decision.allowed} ${seen}`);
      if (decision.allowed) continue;
      denied += 1;
      const side = decision.egress.allowed ? decision.ingress : decision.egress;
      const denial = rules
        .get(result.dropped?.netns ?? '')
        ?.denials.get(result.dropped?.prefix ?? '');
      expect(denial).toMatchObject({ direction: side.direction, policies: side.isolatedBy });
    }
  }
  expect(denied).toBeGreaterThan(500);
}, 120_000);

test('after a row of changes the kernel holds exactly what the last one needs', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network(networkOf(WORLDS[0]!));
  let rules = new Map<string, NodeRules>();
  for (const world of WORLDS) rules = await enforce(agent, world, rules);
  for (const [node, nodeRules] of rules) {
    const { table, sets, verdicts } = nodeRules;
    const kernel = await namesIn(agent, node);
    expect(kernel.get('table')).toEqual([table]);
    expect(kernel.get('set')).toEqual([...sets.keys()].sort());
    expect(kernel.get('map')).toEqual(Object.keys(verdicts).sort());
    expect(kernel.get('chain')).toEqual(
      ['egress', 'ingress', ...CHAIN_KINDS.flatMap((kind) => [...nodeRules[kind].keys()])].sort(),
    );
  }
});

test('a full replacement and its removal leave nothing of the table before', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  const [world] = WORLDS;
  await agent.network(networkOf(world!));
  for (const table of [...TABLES, ...TABLES]) {
    for (const script of renderFull(compile(world!, 'node-1', { table })))
      await agent.nft('node-1', script);
    expect((await namesIn(agent, 'node-1')).get('table')).toEqual([table]);
  }
  await agent.nft('node-1', renderNothing());
  expect((await namesIn(agent, 'node-1')).size).toBe(0);
});

test('every kind of rule, for both families of addresses, is one that nft takes', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  const wide = Array.from({ length: 9 }, (_, i) => `10.${i * 2}.0.0/16`);
  const wide6 = Array.from({ length: 9 }, (_, i) => `fd00:${i * 2}::/32`);
  const peers = [
    { podSelector: {} },
    { namespaceSelector: {} },
    { ipBlock: { cidr: '0.0.0.0/0' } },
    { ipBlock: { cidr: '::/0', except: wide6 } },
  ];
  const ports = [
    ...['TCP', 'UDP', 'SCTP'].flatMap((protocol) => [
      { protocol, port: 'http' },
      ...Array.from({ length: 6 }, (_, i) => ({ protocol, port: 10 * i + 1 })),
      { protocol, port: 100, endPort: 200 },
    ]),
  ];
  const rules = [{}, { peers }, { ports }, { peers, ports }, { ports: [{ protocol: 'SCTP' }] }].map(
    (rule) => ({ ...rule, more: { ipBlock: { cidr: '10.0.0.0/8', except: wide } } }),
  );
  const world: World = {
    ...WORLDS[0]!,
    pods: WORLDS[0]!.pods.map((pod, i) => ({
      ...pod,
      namespace: 'prod',
      addresses: [...pod.addresses, `fd00::${i + 1}`],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    })),
    networkPolicies: rules.map(({ peers: list, ports: numbers, more }, i) =>
      networkPolicy(`prod/p-${i}-${'x'.repeat(i * 40)}`, {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: list, ports: numbers }],
        egress: [{ to: [...(list ?? []), more], ports: numbers }],
      }),
    ),
  };
  await agent.network([{ op: 'netns-add', name: 'node-1' }]);
  const rulesOfNode = compile(world, 'node-1');
  for (const script of renderFull(rulesOfNode)) await agent.nft('node-1', script);
  const kernel = await namesIn(agent, 'node-1');
  expect(kernel.get('set')).toEqual([...rulesOfNode.sets.keys()].sort());
  expect(rulesOfNode.verdicts.ingress6.size).toBe(3);
});

test('the counter of the deciding rule moves, and no other allows', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  const policies = [
    networkPolicy('prod/in', {
      podSelector: {},
      ingress: [
        { ports: [{ port: 81 }] },
        { from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] },
      ],
    }),
  ];
  const pods = WORLDS[0]!.pods.map((pod) => ({ ...pod, namespace: 'prod' }));
  const world = { ...WORLDS[0]!, pods, networkPolicies: policies };
  await agent.network(networkOf(world));
  const rules = await enforce(agent, world, new Map());
  await probeAll(agent, world, [flow('prod/pod-1', 'prod/pod-0', 'TCP 80')]);
  const counters = await countersIn(agent, 'node-1');
  expect(counters.get('np:prod/in:ingress:1')).toBe(1);
  expect(counters.get('np:prod/in:ingress:0')).toBe(0);
  expect(rules.get('node-1')!.comments.get('np:prod/in:ingress:1')).toEqual({
    kind: 'NetworkPolicy',
    namespace: 'prod',
    policy: 'in',
    direction: 'ingress',
    rule: 1,
  });
});

test('a policy that comes later leaves an open connection alone, and denies the next one', async () => {
  await using test = await createTestAgent();
  const { agent, folder } = test;
  const pods = WORLDS[0]!.pods.map((pod) => ({ ...pod, namespace: 'prod' }));
  const open = { ...WORLDS[0]!, pods, networkPolicies: [] };
  const shut = { ...open, networkPolicies: [networkPolicy('prod/deny', { podSelector: {} })] };
  await agent.network(networkOf(open));
  const unixPath = path.join(folder, 'echo.sock');
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(server.listen(unixPath), 'listening');
  await chmod(unixPath, 0o666);
  await agent.relay('pod-0', { address: '0.0.0.0', port: 80, unixPath });
  const rules = await enforce(agent, open, new Map());
  const connection = await agent.dial('pod-1', { address: pods[0]!.addresses[0]!, port: 80 });
  const echo = async (text: string): Promise<string> => {
    connection.write(text);
    const [data] = (await once(connection, 'data')) as [Buffer];
    return data.toString();
  };
  expect(await echo('before')).toBe('before');
  await enforce(agent, shut, rules);
  expect(await echo('after')).toBe('after');
  const again = await probeAll(agent, shut, [flow('prod/pod-1', 'prod/pod-0', 'TCP 80')]);
  expect(again.map(allowedBy)).toEqual([false]);
  connection.destroy();
  server.close();
});

test('while hundreds of rules change, what stays denied is never open and what stays allowed is never closed', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  const pods = WORLDS[0]!.pods.map((pod) => ({ ...pod, namespace: 'prod' }));
  // Every round exchanges all policies but for their common meaning: 80 is allowed, 81 is not.
  const worldOf = (round: number): World => ({
    ...WORLDS[0]!,
    pods,
    networkPolicies: Array.from({ length: 150 }, (_, i) =>
      networkPolicy(`prod/policy-${round}-${i}`, {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ port: 80 }, { port: 1000 + round * 150 + i }] }],
        egress: [{ ports: [{ port: 80 }] }, { ports: [{ port: 2000 + round * 150 + i }] }],
      }),
    ),
  });
  await agent.network(networkOf(worldOf(0)));
  let rules = await enforce(agent, worldOf(0), new Map());
  const changes = new AbortController();
  const watching = (async () => {
    const seen = { denied: 0, allowed: 0, wrong: [] as string[] };
    while (!changes.signal.aborted) {
      const flows = [flow('prod/pod-1', 'prod/pod-0', 'UDP 81'), flow('prod/pod-1', 'prod/pod-0')];
      const [denied, allowed] = await probeAll(agent, worldOf(0), flows);
      if (allowedBy(denied!) === false) seen.denied += 1;
      else seen.wrong.push(`81: ${denied!.cause}`);
      if (allowedBy(allowed!) === true) seen.allowed += 1;
      else seen.wrong.push(`80: ${allowed!.cause}`);
    }
    return seen;
  })();
  for (let round = 1; round <= 6; round += 1) {
    expect(
      renderDelta(rules.get('node-1')!, compile(worldOf(round), 'node-1')).length,
    ).toBeGreaterThan(3);
    rules = await enforce(agent, worldOf(round), rules);
  }
  changes.abort();
  const seen = await watching;
  expect(seen.wrong).toEqual([]);
  expect(Math.min(seen.denied, seen.allowed)).toBeGreaterThan(5);
}, 60_000);

/** What nft lists, by kind: sorted names. */
async function namesIn(agent: Agent, node: string): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  for (const item of await listRuleset(agent, node)) {
    for (const kind of ['table', 'set', 'map', 'chain']) {
      const name = valueAt(item, [kind, 'name']);
      if (typeof name === 'string') names.set(kind, [...(names.get(kind) ?? []), name].sort());
    }
  }
  return names;
}

async function countersIn(agent: Agent, node: string): Promise<Map<string, number>> {
  const counters = new Map<string, number>();
  for (const item of await listRuleset(agent, node)) {
    const comment = valueAt(item, ['rule', 'comment']);
    const expressions = valueAt(item, ['rule', 'expr']);
    if (typeof comment !== 'string' || !Array.isArray(expressions)) continue;
    const packets = expressions
      .map((one) => valueAt(one, ['counter', 'packets']))
      .find((n) => typeof n === 'number');
    counters.set(comment, (counters.get(comment) ?? 0) + (packets ?? 0));
  }
  return counters;
}

async function listRuleset(agent: Agent, node: string): Promise<readonly unknown[]> {
  const answer = valueAt(await agent.nftJson(node, 'list ruleset'), ['nftables']);
  const items: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return items;
}

/** What rules say about protocols beside TCP and UDP, on real packets: every kind of ICMP that is answered, and SCTP. */
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { createTestAgent, type TestAgent } from '../../clusters/embedded/agent/agent-fixture.js';
import { decide } from '../../policy/decide.js';
import type { Flow, FlowEnd, World } from '../../policy/model.js';
import type { NodeRules } from '../../policy/node-rules.js';
import { randomWorld } from './random-world.js';
import { calicoPolicy, clusterPolicy } from './small-policies.js';
import { networkPolicy } from './small-world.js';
import { allowedBy, enforce, probeAll } from './wire-probes.js';
import { networkOf } from './wire-network.js';

/** Two pods on two nodes, both labelled `app: web`. */
const [TWO_PODS] = fc.sample(randomWorld({ policies: 0, fixedPods: 2 }), { numRuns: 1, seed: 1 });
const PODS = TWO_PODS!.pods.map((pod) => ({
  ...pod,
  namespace: 'prod',
  labels: { app: 'web' },
  ports: [],
}));
const [FROM, TO] = PODS.map(({ namespace, name }): FlowEnd => ({ type: 'pod', namespace, name }));

const FLOWS: Record<string, Pick<Flow, 'protocol' | 'port' | 'icmp'>> = {
  echo: { protocol: 'ICMP', port: 0 },
  'echo code 1': { protocol: 'ICMP', port: 0, icmp: { type: 8, code: 1 } },
  time: { protocol: 'ICMP', port: 0, icmp: { type: 13, code: 0 } },
  'TCP 80': { protocol: 'TCP', port: 80 },
  'UDP 80': { protocol: 'UDP', port: 80 },
};
const SCTP: typeof FLOWS = { 'SCTP 80': { protocol: 'SCTP', port: 80 } };

const ingress = (...rules: unknown[]): unknown =>
  networkPolicy('prod/np', { podSelector: {}, policyTypes: ['Ingress'], ingress: rules });
const calico = (...rules: object[]): unknown =>
  calicoPolicy('prod/calico', {
    selector: 'all()',
    types: ['Ingress'],
    ingress: rules.map((rule) => ({ action: 'Allow', ...rule })),
  });
const ICMP = { protocol: 'ICMP' };

/** A policy on both pods, and what it lets through. */
const CASES: [what: string, policy: unknown, allowed: string[]][] = [
  ['a NetworkPolicy without ports', ingress({}), Object.keys(FLOWS)],
  ['a NetworkPolicy with an empty port', ingress({ ports: [{}] }), ['TCP 80']],
  ['a NetworkPolicy for UDP alone', ingress({ ports: [{ protocol: 'UDP' }] }), ['UDP 80']],
  ['ICMP of any type', calico(ICMP), ['echo', 'echo code 1', 'time']],
  ['ICMP by its number', calico({ protocol: 1 }), ['echo', 'echo code 1', 'time']],
  ['one type', calico({ ...ICMP, icmp: { type: 8 } }), ['echo', 'echo code 1']],
  ['one type and code', calico({ ...ICMP, icmp: { type: 8, code: 0 } }), ['echo']],
  ['all but a type', calico({ ...ICMP, notICMP: { type: 8 } }), ['time']],
  [
    'all but a type with its code',
    calico({ ...ICMP, notICMP: { type: 8, code: 1 } }),
    ['echo', 'time'],
  ],
  ['all but ICMP', calico({ notProtocol: 'ICMP' }), ['TCP 80', 'UDP 80']],
  ['ICMPv6 is another protocol', calico({ protocol: 'ICMPv6' }), []],
  [
    'a denied type before all the rest',
    calico({ action: 'Deny', ...ICMP, icmp: { type: 13 } }, {}),
    Object.keys(FLOWS).filter((name) => name !== 'time'),
  ],
  [
    'a port denied beside an open way',
    calico({ action: 'Deny', protocol: 'UDP', destination: { ports: ['79:80'] } }, {}),
    Object.keys(FLOWS).filter((name) => name !== 'UDP 80'),
  ],
  [
    'a ClusterNetworkPolicy that denies TCP',
    clusterPolicy('cnp', {
      tier: 'Admin',
      priority: 1,
      subject: { namespaces: {} },
      ingress: [{ action: 'Deny', from: [{ namespaces: {} }], protocols: [{ tcp: {} }] }],
    }),
    Object.keys(FLOWS).filter((name) => name !== 'TCP 80'),
  ],
];

const SCTP_CASES: typeof CASES = [
  ['a NetworkPolicy for SCTP alone', ingress({ ports: [{ protocol: 'SCTP' }] }), ['SCTP 80']],
  ['a port of SCTP alone', ingress({ ports: [{ protocol: 'SCTP', port: 80 }] }), ['SCTP 80']],
  ['another port of SCTP', ingress({ ports: [{ protocol: 'SCTP', port: 81 }] }), []],
  ['the same port of TCP', ingress({ ports: [{ port: 80 }] }), ['TCP 80']],
  ['all but SCTP', calico({ notProtocol: 'SCTP' }), Object.keys(FLOWS)],
];

let wire: TestAgent;
let rules = new Map<string, NodeRules>();

beforeAll(async () => {
  wire = await createTestAgent();
  await wire.agent.network(networkOf({ ...TWO_PODS!, pods: PODS }));
});
afterAll(() => wire[Symbol.asyncDispose]());

async function expectAllowed(
  policy: unknown,
  asked: typeof FLOWS,
  allowed: readonly string[],
): Promise<void> {
  const world: World = { ...TWO_PODS!, pods: PODS, networkPolicies: [policy] };
  rules = await enforce(wire.agent, world, rules);
  const flows = Object.values(asked).map((flow): Flow => ({ from: FROM!, to: TO!, ...flow }));
  const results = await probeAll(wire.agent, world, flows);
  const table = (answer: (i: number) => unknown): object =>
    Object.fromEntries(Object.keys(asked).map((name, i) => [name, answer(i)]));
  const expected = table((i) => allowed.includes(Object.keys(asked)[i]!));
  expect(table((i) => decide(world, flows[i]!).allowed)).toEqual(expected);
  expect(table((i) => allowedBy(results[i]!))).toEqual(expected);
  // Who was denied was denied by a rule, and the kernel says so.
  expect(table((i) => results[i]!.dropped === undefined)).toEqual(expected);
}

test.each(CASES)('%s', (_, policy, allowed) => expectAllowed(policy, FLOWS, allowed));

const hasSctp = existsSync('/proc/net/sctp');
const sctpTest = hasSctp ? test : test.skip;
sctpTest.each(SCTP_CASES)(
  hasSctp ? '%s' : '%s: this machine’s kernel has no SCTP',
  (_, policy, allowed) => expectAllowed(policy, { ...FLOWS, ...SCTP }, allowed),
);

test('the error that an allowed packet meets comes back, though its sender may send nothing', async () => {
  const shut = networkPolicy('prod/np', {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [{ protocol: 'UDP', port: 80 }] }],
    egress: [{ ports: [{ protocol: 'UDP', port: 80 }] }],
  });
  const world: World = { ...TWO_PODS!, pods: PODS, networkPolicies: [shut] };
  rules = await enforce(wire.agent, world, rules);
  const flow: Flow = { from: FROM!, to: TO!, ...FLOWS['UDP 80']! };
  const [result] = await probeAll(wire.agent, world, [flow]);
  expect(result).toMatchObject({ cause: 'refused' });
});

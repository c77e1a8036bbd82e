import { networkPolicy } from '../../test/policy-wire/small-world.js';
import { decide } from '../decide.js';
import { compare } from './compare.js';
import { describeWitness } from './describe-witness.js';
import { witnessWorld } from './witness-world.js';

const calico = (kind: string, name: string, spec: object): unknown => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name },
  spec,
});
const guard = (order: number | undefined, ingress: object[], more: object = {}): unknown =>
  calico('GlobalNetworkPolicy', 'guard', {
    ...(order === undefined ? {} : { order }),
    selector: "app == 'db'",
    types: ['Ingress'],
    ingress,
    ...more,
  });
const cluster = (name: string, priority: number, action: string): unknown => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name },
  spec: {
    tier: 'Admin',
    priority,
    subject: { namespaces: {} },
    ingress: [{ action, from: [{ namespaces: { matchLabels: { team: 'a' } } }] }],
  },
});
const ALLOW_DB = networkPolicy('prod/allow', { podSelector: {}, ingress: [{}] });

/** `same`, or the witness in words; both sides of it are asked of `decide` again. */
function difference(a: unknown[], b: unknown[]): string {
  const result = compare(a, b);
  expect(result.unknown).toBe(0);
  if (result.equal) return 'same';
  const { witness } = result;
  for (const [side, set] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const { world, flow } = witnessWorld(witness, set);
    expect(decide(world, flow).allowed).toBe(witness.allowedBy === side);
  }
  return `${witness.allowedBy}: ${describeWitness(witness)}`;
}

test('order, tiers and actions count where they change something', () => {
  const [deny, allow] = [{ action: 'Deny' }, { action: 'Allow' }];
  const fromWeb = { action: 'Allow', source: { selector: "app == 'web'" } };
  const tier = calico('Tier', 'first', { order: 1 });
  const passing = guard(1, [{ action: 'Pass' }], { tier: 'first' });
  expect([
    difference([guard(1, [allow, deny])], [guard(2, [allow])]),
    difference([guard(1, [fromWeb, deny])], [guard(1, [deny, fromWeb])]),
    difference([guard(500, [deny]), ALLOW_DB], [guard(2000, [deny]), ALLOW_DB]),
    difference([tier, passing, ALLOW_DB], [ALLOW_DB]),
    difference([guard(1, [{ action: 'Log' }, allow])], [guard(1, [allow])]),
    difference(
      [cluster('x', 1, 'Accept'), cluster('y', 2, 'Deny')],
      [cluster('x', 2, 'Accept'), cluster('y', 1, 'Deny')],
    ),
    difference([cluster('x', 1, 'Deny')], [cluster('x', 1, 'Pass')]),
  ]).toMatchInlineSnapshot(`
   [
     "same",
     "a: TCP 80 from a pod with app=web in namespace other to a pod with app=db in namespace other",
     "b: TCP 80 from a pod without labels in namespace prod to a pod with app=db in namespace prod",
     "same",
     "same",
     "a: TCP 80 from a pod without labels in namespace other-2 (team=a) to a pod without labels in namespace other",
     "b: TCP 80 from a pod without labels in namespace other-2 (team=a) to a pod without labels in namespace other",
   ]
  `);
});

test("Calico's selectors, protocols and network sets are compared by meaning", () => {
  const from = (source: object, more: object = {}): unknown[] => [
    guard(1, [{ action: 'Allow', source, ...more }]),
  ];
  const set = (nets: string[]): unknown => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkSet',
    metadata: { name: 'partner', labels: { role: 'partner' } },
    spec: { nets },
  });
  const icmp = (code: object): object => ({ protocol: 'ICMP', icmp: { type: 8, ...code } });
  expect([
    difference(
      from({ selector: "app in {'a', 'b'}" }),
      from({ selector: "app == 'a' || app == 'b'" }),
    ),
    difference(from({ selector: "app starts with 'we'" }), from({ selector: "app == 'web'" })),
    difference(
      from({ selector: "!(app contains 'x')" }),
      from({ selector: "app ends with 'y' || !has(app)" }),
    ),
    difference(from({}, icmp({})), from({}, icmp({ code: 0 }))),
    difference(from({}, { notProtocol: 'TCP' }), from({}, { protocol: 'UDP' })),
    difference(
      [set(['10.1.0.0/16']), ...from({ selector: "role == 'partner'" })],
      from({ selector: "role == 'partner'" }),
    ),
    difference(
      [set(['10.1.0.0/16']), ...from({ selector: "role == 'partner'" })],
      [set(['10.1.0.0/17', '10.1.128.0/17']), ...from({ selector: "role == 'partner'" })],
    ),
    difference(
      from({ ports: [80] }, { protocol: 'TCP' }),
      from({}, { protocol: 'TCP', destination: { ports: [80] } }),
    ),
  ]).toMatchInlineSnapshot(`
   [
     "same",
     "a: TCP 80 from a pod with app=we in namespace other to a pod with app=db in namespace other",
     "a: TCP 80 from a pod with app= in namespace other to a pod with app=db in namespace other",
     "a: ICMP type 8 code 1 from a pod without labels in namespace other to a pod with app=db in namespace other",
     "a: SCTP 80 from a pod without labels in namespace other to a pod with app=db in namespace other",
     "a: TCP 80 from address 10.1.0.1 to a pod with app=db in namespace other",
     "same",
     "b: TCP 80 from a pod without labels in namespace other source port 443 to a pod with app=db in namespace other",
   ]
  `);
});

test('a peer’s selector finds host endpoints by their labels, at their addresses', () => {
  const host = calico('HostEndpoint', 'h', {
    ...{ node: 'n', interfaceName: '*', expectedIPs: ['172.18.0.2'] },
    profiles: ['labelled'],
  });
  const labelled = calico('Profile', 'labelled', { labelsToApply: { role: 'node' } });
  const from = (...sources: object[]): unknown[] => [
    host,
    labelled,
    guard(
      1,
      sources.map((source) => ({ action: 'Allow', source })),
    ),
  ];
  const [nodes, its, another] = [
    { selector: "role == 'node'" },
    { nets: ['172.18.0.2/32'] },
    { nets: ['172.18.0.3/32'] },
  ];
  expect(compare(from(nodes, its), from(nodes))).toEqual({ equal: true, unknown: 0 });
  expect(compare(from(nodes, another), from(nodes))).toMatchObject({ equal: false, unknown: 0 });
  expect(compare(from(its), from())).toMatchObject({
    equal: false,
    witness: { source: { address: '172.18.0.2', node: { name: 'n' } } },
    unknown: 0,
  });
});

test('nodes as peers are told apart by their labels', () => {
  const toNodes = (action: string, nodes: object): unknown => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'to-nodes' },
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: { namespaces: {} },
      egress: [{ action, to: [{ nodes }] }],
    },
  });
  const [all, east] = [{}, { matchLabels: { zone: 'east' } }];
  expect([
    difference([toNodes('Deny', east)], [toNodes('Deny', east)]),
    difference([toNodes('Deny', all)], [toNodes('Deny', east)]),
    difference([toNodes('Deny', east)], []),
    difference([toNodes('Accept', east)], []),
  ]).toMatchInlineSnapshot(`
   [
     "same",
     "b: TCP 80 from a pod without labels in namespace other to a node without labels (address 203.0.113.20)",
     "b: TCP 80 from a pod without labels in namespace other to a node with zone=east (address 203.0.113.20)",
     "same",
   ]
  `);
});

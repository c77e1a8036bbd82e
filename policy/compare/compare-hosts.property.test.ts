import fc from 'fast-check';
import {
  clusterPolicy,
  felixConfiguration,
  globalPolicy,
  hostEndpoint,
  profile,
} from '../../test/policy-wire/small-policies.js';
import { decide } from '../decide.js';
import type { Flow, FlowEnd, World } from '../model.js';
import { compare, type PolicySet } from './compare.js';
import { witnessWorld } from './witness-world.js';

/** Two nodes with a pod each, and an address outside. What a set declares of nodes is part of the set. */
const NODES = ['a', 'b'].map((pool, i) => ({
  name: `node-${pool}`,
  addresses: [`172.18.0.${i + 2}`],
  labels: { pool },
}));
const NAMESPACE = { name: 'prod', labels: { 'kubernetes.io/metadata.name': 'prod' } };
const worldOf = (set: PolicySet): World => ({
  namespaces: [NAMESPACE],
  nodes: NODES,
  pods: NODES.map(({ name }, i) => ({
    namespace: 'prod',
    name: `pod-${i}`,
    labels: { app: i === 0 ? 'web' : 'db' },
    node: name,
    addresses: [`10.244.${i + 1}.10`],
    hostNetwork: false,
    phase: 'Running',
    ports: [],
  })),
  networkPolicies: set,
});

const ENDS: FlowEnd[] = [
  ...['pod-0', 'pod-1'].map((name) => ({ type: 'pod' as const, namespace: 'prod', name })),
  ...[...NODES.flatMap(({ addresses }) => addresses), '192.0.2.10'].map((address) => ({
    type: 'address' as const,
    address,
  })),
];
/** Some come by a Service: dialled by another address and port than they arrive at. */
const FLOWS = ENDS.flatMap((from) =>
  ENDS.filter((to) => to !== from).flatMap((to) => [
    ...[22, 80, 81, 9100].map((port): Flow => ({ from, to, port, protocol: 'TCP' })),
    { from, to, port: 22, protocol: 'UDP' } as const,
    ...['10.96.0.80', '172.18.0.2'].map((address): Flow => ({
      from,
      to,
      port: 80,
      protocol: 'TCP',
      dialled: { address, port: 81 },
    })),
  ]),
);
const ALLOW = { action: 'Allow' };
const tcp = (port: number | string): object => ({
  protocol: 'TCP',
  destination: { ports: [port] },
});

const toNet = (net: string): object => ({ destination: { nets: [net] } });

/** At most one of each sort for a node; some name a port or a profile. */
const hosts = fc
  .array(
    fc.record({
      at: fc.constantFrom(...NODES),
      place: fc.constantFrom({ interfaceName: '*' }, { interfaceName: 'eth0' }, {}),
      more: fc.constantFrom(
        {},
        {},
        { profiles: ['projectcalico-default-allow'] },
        { profiles: ['some'] },
        { ports: [{ name: 'metrics', protocol: 'TCP', port: 9100 }] },
      ),
      extra: fc.constantFrom({}, {}, { extra: 'yes' }),
    }),
    { maxLength: 3 },
  )
  .map((drawn) => [
    ...new Map(
      drawn.map(({ at: { name, addresses, labels }, place, more, extra }) => {
        const id = `${name}-${JSON.stringify(place)}`;
        const spec = { node: name, expectedIPs: addresses, ...place, ...more };
        return [id, hostEndpoint(id, { role: 'node', ...labels, ...extra }, spec)] as const;
      }),
    ).values(),
  ]);
const profiles = fc.constantFrom([], [80], [81, 9100]).map((ports) => [
  profile('some', {
    ingress: ports.map((port) => ({ ...ALLOW, ...tcp(port) })),
    egress: [{ ...ALLOW, destination: { selector: "role == 'node'" } }],
  }),
]);
const ports = fc.subarray([
  { protocol: 'TCP', port: 80 },
  { protocol: 'udp', port: 22 },
  { protocol: 'TCP', port: 81, net: '192.0.2.0/24' },
]);
const failsafe = fc
  .constantFrom('default', 'default', 'node.node-a', 'elsewhere')
  .chain((name) =>
    fc
      .record(
        { failsafeInboundHostPorts: ports, failsafeOutboundHostPorts: ports },
        { requiredKeys: [] },
      )
      .map((spec) => [felixConfiguration(name, spec)]),
  );
const selector = fc.constantFrom("role == 'node'", "app == 'web'", "app == 'db'", "pool == 'a'");
const rule = fc.record({
  action: fc.constantFrom('Allow', 'Allow', 'Deny', 'Pass'),
  source: fc.oneof(
    fc.constant({}),
    selector.map((text) => ({ selector: text })),
    fc.constantFrom(
      { nets: ['172.18.0.2/31'] },
      { notSelector: "role == 'node'" },
      { selector: 'has(extra)' },
    ),
  ),
  ports: fc.constantFrom(
    {},
    tcp(80),
    tcp(81),
    tcp('metrics'),
    toNet('172.18.0.2/32'),
    toNet('10.96.0.0/12'),
  ),
});
const calico = fc.record({
  selector,
  order: fc.constantFrom(1, 2),
  types: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
  place: fc.constantFrom(
    {},
    {},
    { applyOnForward: true },
    { applyOnForward: true, preDNAT: true },
    { applyOnForward: true, doNotTrack: true },
  ),
  rules: fc.array(rule, { minLength: 1, maxLength: 2 }),
});
/** Cluster-wide, about what pods may send to nodes. */
const toNodes = fc.record({
  priority: fc.constantFrom(1, 2),
  action: fc.constantFrom('Accept', 'Deny', 'Pass'),
  nodes: fc.constantFrom({}, { matchLabels: { pool: 'a' } }, { matchLabels: { pool: 'b' } }),
});
const written = (name: string, { rules, place, types, ...spec }: Drawn): unknown => {
  const isEarly = 'preDNAT' in place;
  const list = rules.map(({ ports, ...rest }) => ({ ...rest, ...ports }));
  return globalPolicy(name, {
    ...spec,
    ...place,
    types: isEarly ? ['Ingress'] : types,
    ingress: list,
    egress: isEarly ? [] : list,
  });
};
type Drawn = typeof calico extends fc.Arbitrary<infer T> ? T : never;

const forAll = fc
  .record({
    calico: fc.array(calico, { maxLength: 3 }),
    toNodes: fc.array(toNodes, { maxLength: 2 }),
  })
  .map((drawn) => [
    ...drawn.calico.map((spec, i) => written(`calico-${i}`, spec)),
    ...drawn.toNodes.map(({ priority, action, nodes }, i) =>
      clusterPolicy(`cluster-${i}`, {
        tier: 'Admin',
        priority,
        subject: { namespaces: {} },
        egress: [{ action, to: [{ nodes }] }],
      }),
    ),
  ]);
/** Policies that select no pod, and the same with one part of the first taken from another. */
const forHosts = fc
  .record({
    drawn: fc.array(calico, { minLength: 1, maxLength: 2 }),
    another: calico,
    part: fc.constantFrom('place' as const, 'types' as const, 'order' as const, 'rules' as const),
  })
  .map(({ drawn, another, part }) => {
    const guard = (spec: Drawn, i: number): unknown =>
      written(`hosts-${i}`, { ...spec, selector: "role == 'node'" });
    const [first, ...rest] = drawn;
    return {
      guards: drawn.map(guard),
      changed: [{ ...first!, [part]: another[part] }, ...rest].map(guard),
    };
  });

const pairs = fc
  .record({
    own: forAll,
    other: forAll,
    guarding: forHosts,
    declared: hosts,
    otherHosts: hosts,
    settings: fc.tuple(profiles, failsafe),
    others: fc.tuple(profiles, failsafe),
    change: fc.nat({ max: 6 }),
  })
  .map((drawn) => {
    const { own, other, guarding, declared, otherHosts, change } = drawn;
    const { guards, changed } = guarding;
    const [settings, others] = [drawn.settings.flat(), drawn.others.flat()];
    const b = [
      [...guards.toReversed(), ...own.toReversed(), ...declared.toReversed()],
      [...declared, ...own.slice(1), ...guards],
      [...declared, ...own.slice(0, -1), ...guards],
      [...declared, ...other, ...guards],
      [...declared, ...own, ...changed],
      [...otherHosts, ...own, ...guards],
      [...declared, ...own, ...guards],
    ][change]!;
    return {
      a: [...declared, ...own, ...guards, ...settings],
      b: [...b, ...(change === 6 ? others : settings)],
    };
  });

test('sets with host endpoints and peers that are nodes: what is called equal or different is so', () => {
  const seen = { equal: 0, different: 0, withNode: 0, withHosts: 0, atHost: 0 };
  fc.assert(
    fc.property(pairs, ({ a, b }) => {
      const options = { families: [4] as const, namespaces: [NAMESPACE] };
      const result = compare(a, b, options);
      expect(result.unknown).toBe(0);
      if (a.some((object) => JSON.stringify(object).includes('expectedIPs'))) seen.withHosts += 1;
      if (result.equal) {
        seen.equal += 1;
        for (const flow of FLOWS) {
          const [inA, inB] = [a, b].map((set) => decide(worldOf(set), flow).allowed);
          expect({ flow, inA }).toEqual({ flow, inA: inB });
        }
        return;
      }
      const { witness } = result;
      seen.different += 1;
      const ends = [witness.source, witness.destination];
      if (ends.some((end) => end.type === 'address' && end.node !== undefined)) seen.withNode += 1;
      if (ends.some(({ node }) => node?.name !== undefined)) seen.atHost += 1;
      const allowed = (set: PolicySet): boolean => {
        const { world, flow } = witnessWorld(witness, set);
        return decide(world, flow).allowed;
      };
      const inA = witness.allowedBy === 'a';
      expect({ witness, inA: allowed(a), inB: allowed(b) }).toEqual({ witness, inA, inB: !inA });
    }),
    { numRuns: 100 },
  );
  // Drawn anew each time: each sort came up at all.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
});

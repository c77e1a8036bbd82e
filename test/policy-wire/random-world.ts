/** Small worlds and policies for property tests: few labels and numbers, so that everything collides. */
import fc from 'fast-check';
import type { Flow, FlowEnd, World, WorldPod } from '../../policy/model.js';

export const NAMESPACES = ['prod', 'dev', 'kube-system'];
export const NODES = ['node-1', 'node-2'];
export const PORTS = [80, 81, 8080];
export const OUTSIDE = ['192.0.2.10', '198.51.100.7'];

/**
 * Pod i has address 10.244.<node>.<i + 10>; node i has 172.18.0.<i + 2>.
 * `fixedPods`: so many running pods, turn by turn on the nodes, so that one network fits all such worlds.
 */
export function randomWorld(
  options: { policies?: number; fixedPods?: number } = {},
): fc.Arbitrary<World> {
  const { fixedPods } = options;
  return fc
    .record({
      namespaceLabels: fc.array(labels, { minLength: 3, maxLength: 3 }),
      pods: fc.array(pod(fixedPods !== undefined), {
        minLength: fixedPods ?? 3,
        maxLength: fixedPods ?? 6,
      }),
      policies: fc.array(networkPolicy, { maxLength: options.policies ?? 4 }),
    })
    .map(({ namespaceLabels, pods, policies }) => ({
      namespaces: NAMESPACES.map((name, i) => ({
        name,
        labels: { ...namespaceLabels[i], 'kubernetes.io/metadata.name': name },
      })),
      nodes: NODES.map((name, i) => ({ name, addresses: [`172.18.0.${i + 2}`] })),
      pods: pods.map((drawn, i) =>
        placePod(fixedPods === undefined ? drawn : { ...drawn, node: i % NODES.length }, i),
      ),
      networkPolicies: policies.map((spec, i) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { namespace: spec.namespace, name: `policy-${i}` },
        spec: spec.spec,
      })),
    }));
}

/** Every pair of ends of a world, on every port of `PORTS` and every protocol given. */
export function allFlows(world: World, protocols: readonly Flow['protocol'][]): Flow[] {
  const pods: FlowEnd[] = world.pods.map(({ namespace, name }) => ({
    type: 'pod',
    namespace,
    name,
  }));
  const addresses: FlowEnd[] = [...OUTSIDE, ...world.nodes.flatMap((node) => node.addresses)].map(
    (address) => ({ type: 'address', address }),
  );
  const ends = [...pods, ...addresses];
  return ends.flatMap((from) =>
    ends
      .filter((to) => from.type === 'pod' || to.type === 'pod')
      .flatMap((to) =>
        PORTS.flatMap((port) => protocols.map((protocol) => ({ from, to, port, protocol }))),
      ),
  );
}

interface DrawnPod {
  namespace: string;
  labels: Record<string, string>;
  node: number;
  kind: 'plain' | 'host' | 'finished' | 'no-address' | 'pending';
  ports: WorldPod['ports'];
}

function placePod(drawn: DrawnPod, i: number): WorldPod {
  const node = drawn.node;
  return {
    namespace: drawn.namespace,
    name: `pod-${i}`,
    labels: drawn.labels,
    node: NODES[node]!,
    addresses:
      drawn.kind === 'host'
        ? [`172.18.0.${node + 2}`]
        : drawn.kind === 'no-address'
          ? []
          : [`10.244.${node + 1}.${i + 10}`],
    hostNetwork: drawn.kind === 'host',
    phase:
      drawn.kind === 'finished'
        ? 'Succeeded'
        : drawn.kind === 'pending' || drawn.kind === 'no-address'
          ? 'Pending'
          : 'Running',
    ports: drawn.ports,
  };
}

const labels: fc.Arbitrary<Record<string, string>> = fc
  .record(
    { app: fc.constantFrom('web', 'db', ''), role: fc.constantFrom('a', 'b') },
    { requiredKeys: [] },
  )
  .map((drawn) => ({ ...drawn }));

const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);

const pod = (plain: boolean): fc.Arbitrary<DrawnPod> =>
  fc.record({
    namespace: fc.constantFrom(...NAMESPACES),
    labels,
    node: fc.nat({ max: NODES.length - 1 }),
    kind: plain
      ? fc.constant('plain' as const)
      : fc.oneof(
          { weight: 6, arbitrary: fc.constant('plain' as const) },
          { weight: 1, arbitrary: fc.constantFrom('host', 'finished', 'no-address', 'pending') },
        ),
    ports: fc.array(
      fc.record({
        name: fc.constantFrom('http', 'dns'),
        port: fc.constantFrom(...PORTS),
        protocol,
      }),
      { maxLength: 3 },
    ),
  });

const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'role'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.array(fc.constantFrom('web', 'db', '', 'a'), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    key: fc.constantFrom('app', 'role', 'constructor'),
    operator: fc.constantFrom('Exists', 'DoesNotExist'),
  }),
);

const selector = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.record(
      { matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 2 }) },
      { requiredKeys: [] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...NAMESPACES).map((name) => ({
      matchLabels: { 'kubernetes.io/metadata.name': name },
    })),
  },
);

const ipBlock = fc.constantFrom(
  { cidr: '0.0.0.0/0' },
  { cidr: '0.0.0.0/0', except: ['10.244.0.0/16'] },
  { cidr: '0.0.0.0/0', except: ['192.0.2.0/24', '10.244.1.0/24'] },
  { cidr: '10.244.1.0/24', except: ['10.244.1.8/29'] },
  { cidr: '10.244.0.0/16', except: ['10.244.1.11/32', '10.244.2.0/25'] },
  { cidr: '172.18.0.2/32' },
  { cidr: '172.18.0.0/30' },
  { cidr: '192.0.2.0/28' },
  { cidr: '::/0' },
);

const peer = fc.oneof(
  { weight: 2, arbitrary: selector.map((podSelector) => ({ podSelector })) },
  { weight: 2, arbitrary: selector.map((namespaceSelector) => ({ namespaceSelector })) },
  { weight: 2, arbitrary: fc.record({ podSelector: selector, namespaceSelector: selector }) },
  { weight: 2, arbitrary: ipBlock.map((block) => ({ ipBlock: block })) },
);

const port = fc.oneof(
  fc.constant({}),
  fc.record({ protocol }),
  fc.record(
    { protocol, port: fc.constantFrom<number | string>(...PORTS, 'http', 'dns') },
    { requiredKeys: ['port'] },
  ),
  fc
    .record({ protocol, port: fc.constantFrom(...PORTS), span: fc.constantFrom(0, 1, 9000) })
    .map(({ span, ...rest }) => ({ ...rest, endPort: rest.port + span })),
);

const rule = (peers: 'from' | 'to') =>
  fc
    .record(
      {
        peers: fc.array(peer, { maxLength: 2 }),
        ports: fc.array(port, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    )
    .map((drawn) => ({
      ...(drawn.peers === undefined ? {} : { [peers]: drawn.peers }),
      ...(drawn.ports === undefined ? {} : { ports: drawn.ports }),
    }));

export const networkPolicy = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  spec: fc.record(
    {
      podSelector: selector,
      policyTypes: fc.constantFrom(
        ['Ingress'],
        ['Egress'],
        ['Ingress', 'Egress'],
        ['Ingress', 'Ingress'],
        [],
      ),
      ingress: fc.array(rule('from'), { maxLength: 2 }),
      egress: fc.array(rule('to'), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
});

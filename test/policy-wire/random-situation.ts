/** Situations of one small cluster: 3 namespaces with 3 pods each, and policies of every kind. */
import fc from 'fast-check';
import type { Flow, World } from '../../policy/model.js';
import { networkPolicy as kubernetesPolicy, NODES } from './random-world.js';
import {
  adminPolicy,
  calicoPolicy,
  clusterPolicy,
  globalPolicy,
  globalSet,
  networkSet,
  tier,
} from './small-policies.js';

const NAMESPACES = ['prod', 'dev', 'kube-system'];
const PODS = NAMESPACES.flatMap((namespace) =>
  ['a', 'b', 'c'].map((name) => ({ namespace, name })),
);

/** A world with the same nodes and pods each time; labels of pods and namespaces differ, and policies. */
export const randomSituation = (): fc.Arbitrary<World> =>
  fc
    .record({
      pods: fc.array(
        fc.record({ app: fc.constantFrom('web', 'db'), role: fc.constantFrom('x', 'y', '') }),
        { minLength: PODS.length, maxLength: PODS.length },
      ),
      teams: fc.array(fc.constantFrom('red', 'blue'), { minLength: 3, maxLength: 3 }),
      kubernetes: fc.array(kubernetesPolicy, { maxLength: 2 }),
      calico: fc.array(calico, { maxLength: 3 }),
      cluster: fc.array(clusterWide, { maxLength: 2 }),
      lastTier: fc.constantFrom('Pass', 'Deny'),
    })
    .map(({ pods, teams, kubernetes, calico: drawn, cluster, lastTier }) => ({
      namespaces: NAMESPACES.map((name, i) => ({
        name,
        labels: { 'kubernetes.io/metadata.name': name, team: teams[i]! },
      })),
      serviceAccounts: NAMESPACES.map((namespace) => ({
        namespace,
        name: 'runner',
        labels: { trust: namespace === 'prod' ? 'high' : 'low' },
      })),
      nodes: NODES.map((name, i) => ({ name, addresses: [`172.18.0.${i + 2}`] })),
      pods: PODS.map(({ namespace, name }, i) => ({
        namespace,
        name: `${namespace}-${name}`,
        labels: { app: pods[i]!.app, role: pods[i]!.role, pod: name },
        serviceAccount: name === 'a' ? 'runner' : 'default',
        node: NODES[i % NODES.length]!,
        addresses: [`10.244.${(i % NODES.length) + 1}.${i + 10}`],
        hostNetwork: false,
        phase: 'Running' as const,
        ports: [{ name: 'http', port: name === 'c' ? 81 : 80, protocol: 'TCP' as const }],
      })),
      networkPolicies: [
        ...kubernetes.map(({ namespace, spec }, i) => ({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { namespace, name: `np-${i}` },
          spec,
        })),
        ...drawn.map((make, i) => make(`calico-${i}`)),
        ...cluster.map((make, i) => make(`cluster-${i}`)),
      ],
      policyResources: [
        tier('early', 10),
        tier('late', 2_000_000, lastTier),
        globalSet('some', { list: 'bad', app: 'web' }, ['10.244.1.0/28']),
        networkSet('prod/own', { list: 'good' }, ['10.244.2.0/24']),
      ],
    }));

/** Every pod to every pod, itself included, on ports 80 and 81. */
export function situationFlows(world: World, protocols: readonly Flow['protocol'][]): Flow[] {
  const ends = world.pods.map(({ namespace, name }) => ({ type: 'pod' as const, namespace, name }));
  return ends.flatMap((from) =>
    ends.flatMap((to) =>
      [80, 81].flatMap((port) => protocols.map((protocol) => ({ from, to, port, protocol }))),
    ),
  );
}

const own = fc.constantFrom(
  "app == 'web'",
  "app != 'web'",
  "role in {'x', ''}",
  "role not in {'x'}",
  'has(list)',
  '!has(list)',
  "app starts with 'w' && role contains 'x'",
  "app == 'db' || role == 'y' && pod == 'a'",
  "!(app ends with 'eb' || role == 'y')",
  "projectcalico.org/namespace == 'prod'",
  "projectcalico.org/serviceaccount == 'runner'",
  'all()',
);
const ofNamespace = fc.constantFrom(
  "team == 'red'",
  "projectcalico.org/name in {'prod', 'dev'}",
  'all()',
  'global()',
);
const ofSubject = fc.constantFrom("team == 'red'", "projectcalico.org/name != 'kube-system'");
const nets = fc.constantFrom(['10.244.1.0/24'], ['10.244.2.11/32', '10.244.1.12'], ['0.0.0.0/0']);

const end = fc.record(
  {
    selector: own,
    notSelector: own,
    namespaceSelector: ofNamespace,
    nets,
    notNets: fc.constantFrom(['10.244.1.12/31'], ['10.244.2.0/25']),
    serviceAccounts: fc.constant({ names: ['runner'] }),
  },
  { requiredKeys: [] },
);
/** Most rules ask little, so that some match. */
const sparse = fc.record({ full: end, from: fc.nat({ max: 5 }) }).map(({ full, from }) => {
  const entries = Object.entries(full);
  return Object.fromEntries([...entries.slice(from), ...entries.slice(0, from)].slice(0, 2));
});
const withPorts = fc.oneof(
  fc.constant({}),
  fc.record({
    protocol: fc.constantFrom<string | number>('TCP', 'UDP', 17),
    destination: fc.constantFrom({ ports: [80] }, { ports: ['80:81'] }, { notPorts: [81] }, {}),
  }),
  fc.constant({ protocol: 'TCP', destination: { ports: ['http', 1] } }),
  fc.constant({ destination: { ports: ['http'] } }),
  fc.constant({ notProtocol: 'UDP' }),
  fc.constant({ ipVersion: 4 }),
);

const calicoRule = fc
  .record({
    action: fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny', 'Deny', 'Pass', 'Log'),
    source: sparse,
    destination: fc.oneof(fc.constant({}), sparse),
    ports: withPorts,
  })
  .map(({ action, source, destination, ports }) => {
    const more: object = 'destination' in ports ? ports.destination : {};
    return { action, ...ports, source, destination: { ...destination, ...more } };
  });
const calicoRules = fc.array(calicoRule, { maxLength: 3 });

const calico = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES, undefined, undefined),
    spec: fc.record(
      {
        selector: own,
        namespaceSelector: ofSubject,
        serviceAccountSelector: fc.constant("trust == 'high'"),
        order: fc.constantFrom(10, 500, 2000),
        tier: fc.constantFrom('early', 'default', 'late'),
        types: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
        ingress: calicoRules,
        egress: calicoRules,
      },
      { requiredKeys: ['selector', 'ingress'] },
    ),
  })
  .map(
    ({ namespace, spec }) =>
      (name: string): unknown =>
        namespace === undefined
          ? globalPolicy(name, spec)
          : calicoPolicy(`${namespace}/${name}`, spec),
  );

const team = fc.constantFrom(
  { matchLabels: { team: 'red' } },
  { matchLabels: { team: 'blue' } },
  {},
);
const clusterPods = fc.oneof(
  team.map((namespaces) => ({ namespaces })),
  fc.constantFrom('web', 'db').map((app) => ({
    pods: { namespaceSelector: {}, podSelector: { matchLabels: { app } } },
  })),
);
const clusterPorts = fc.oneof(
  fc.constant({}),
  fc.constantFrom(
    { protocols: [{ tcp: { destinationPort: { number: 80 } } }] },
    { protocols: [{ udp: {} }, { destinationNamedPort: 'http' }] },
    { protocols: [{ tcp: { destinationPort: { range: { start: 80, end: 81 } } } }] },
  ),
);
const action = fc.constantFrom('Accept', 'Deny', 'Pass');
const clusterRule = (part: 'from' | 'to') =>
  fc
    .record({ action, ports: clusterPorts, peer: clusterPods, net: fc.option(nets) })
    .map(({ action: verdict, ports, peer, net }) => ({
      action: verdict,
      [part]: part === 'to' && net !== null ? [{ networks: net.map(withPrefix) }] : [peer],
      ...ports,
    }));
const withPrefix = (net: string): string => (net.includes('/') ? net : `${net}/32`);

const clusterWide = fc
  .record({
    tier: fc.constantFrom('Admin', 'Baseline'),
    isOld: fc.boolean(),
    priority: fc.constantFrom(1, 2, 3),
    subject: clusterPods,
    ingress: fc.array(clusterRule('from'), { maxLength: 2 }),
    egress: fc.array(clusterRule('to'), { maxLength: 2 }),
  })
  .map(({ tier: name, isOld, ...spec }) => (id: string): unknown => {
    if (!isOld || name === 'Baseline') return clusterPolicy(id, { tier: name, ...spec });
    const old = (rules: readonly { action: string }[]) =>
      rules.map(({ action: verdict, ...rule }) => ({
        action: verdict === 'Accept' ? 'Allow' : verdict,
        ...('from' in rule ? { from: rule.from } : {}),
        ...('to' in rule ? { to: rule.to } : {}),
        ports: [{ portNumber: { protocol: 'TCP', port: 80 } }, { namedPort: 'http' }],
      }));
    return adminPolicy(id, { ...spec, ingress: old(spec.ingress), egress: old(spec.egress) });
  });

import {
  contains,
  formatAddress,
  parseAddress,
  type Address,
  type AddressRange,
} from './address-range.js';
import type { HostEndpoint, NetworkSet } from './calico/resources.js';
import {
  conjuncts,
  KIND,
  matchesLabels,
  NAME,
  type Facts,
  type LabelPredicate,
  type Labels,
} from './label-predicate.js';
import type { World, WorldPod } from './model.js';
import type { Direction, NormalPolicies, NormalPolicy, Profile, Tier } from './normal-form.js';
import { PROTOCOL } from './protocols.js';
import { readPolicies } from './read-policies.js';
import type { ServiceEndpoints } from './service-endpoints.js';

/** What selectors can find: a pod that owns its addresses, a host endpoint, or a network set. */
export interface IndexedEndpoint {
  facts: Facts;
  /** As a sentence names it: `pod a/x`. */
  words: string;
  /** Empty for network sets. */
  node: string;
  /** In one canonical spelling; what is no address is left out. */
  addresses: readonly Address[];
  texts: Readonly<Record<4 | 6, readonly string[]>>;
  /** Of a network set; empty for others. */
  ranges: readonly AddressRange[];
  /** Named ports. */
  ports: readonly { name: string; port: number; protocol: number }[];
  pod: WorldPod | undefined;
  host: HostEndpoint | undefined;
}

/** The policies of a tier that select an endpoint in a direction. */
export interface AppliedTier {
  tier: Tier;
  policies: readonly NormalPolicy[];
}

/** A world with its policies read and its endpoints findable by label. */
export interface WorldIndex {
  world: World;
  policies: NormalPolicies;
  /** Objects among the policies that this reasoning does not know: their effect is not modelled. */
  unknownPolicies: number;
  /** Not finished and not on their node's own network. */
  pods: readonly IndexedEndpoint[];
  endpoints: readonly IndexedEndpoint[];
  services: readonly ServiceEndpoints[];
  /** True where some pod has an IPv6 address. */
  dualStack: boolean;
  hasNetworkSets: boolean;
  findPod: (namespace: string, name: string) => WorldPod | undefined;
  findSelectable: (pod: WorldPod) => IndexedEndpoint | undefined;
  findByAddress: (address: Address) => IndexedEndpoint | undefined;
  /** Host endpoints and network sets that an address belongs to. */
  findOthers: (address: Address) => readonly IndexedEndpoint[];
  /** The host endpoint that guards a node's interface to the others. */
  hostOf: (node: string) => IndexedEndpoint | undefined;
  /** In order; only what some policy selects it for. */
  tiersFor: (endpoint: IndexedEndpoint, direction: Direction) => readonly AppliedTier[];
  find: (where: LabelPredicate) => readonly IndexedEndpoint[];
}

/** The interface of every node that leads to the others. */
export const NODE_INTERFACE = 'eth0';

/**
 * Reads a world once. Worlds and the objects in them count as immutable: the same world object gives the
 * same index, and an unchanged policy object is not read again.
 */
export function indexWorld(world: World): WorldIndex {
  const known = indexes.get(world);
  if (known !== undefined) return known;
  const index = buildIndex(world);
  indexes.set(world, index);
  return index;
}

const indexes = new WeakMap<World, WorldIndex>();

function buildIndex(world: World): WorldIndex {
  const { policies, networkSets, hostEndpoints, services, unknown } = readPolicies([
    ...world.networkPolicies,
    ...(world.policyResources ?? []),
  ]);
  const namespaceOf = namespaceReader(world);
  const factsOf = factsReader(world, namespaceOf);
  const pods = world.pods
    .filter(({ hostNetwork, phase }) => !hostNetwork && phase !== 'Succeeded' && phase !== 'Failed')
    .map((pod) => podEndpoint(pod, factsOf(pod)));
  const hosts = hostEndpoints.map((host) => hostEndpoint(host, policies.profiles));
  const sets = networkSets.map((set) => setEndpoint(set, namespaceOf));
  const endpoints = [...pods, ...hosts, ...sets];
  const find = createFinder(endpoints);
  const byAddress = new Map(
    pods.flatMap((pod) => [...pod.texts[4], ...pod.texts[6]].map((text) => [text, pod] as const)),
  );
  const selectable = new Map(pods.map((indexed) => [indexed.pod, indexed]));
  const byName = new Map(world.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  const applied = applyPolicies(policies.tiers, find);
  return {
    world,
    policies,
    unknownPolicies: unknown,
    pods,
    endpoints,
    services,
    dualStack: pods.some(({ texts }) => texts[6].length > 0),
    hasNetworkSets: sets.length > 0,
    findPod: (namespace, name) => byName.get(`${namespace}/${name}`),
    findSelectable: (pod) => selectable.get(pod),
    findByAddress: (address) => byAddress.get(formatAddress(address)),
    findOthers: (address) =>
      [...hosts, ...sets].filter(
        ({ addresses, ranges }) =>
          contains(ranges, address) ||
          addresses.some((own) => own.family === address.family && own.value === address.value),
      ),
    hostOf: (name) =>
      guardOf(
        world.nodes.find((node) => node.name === name),
        hosts,
      ),
    tiersFor: (endpoint, direction) => applied[direction].get(endpoint) ?? NONE,
    find,
  };
}

function podEndpoint(pod: WorldPod, facts: Facts): IndexedEndpoint {
  return {
    facts,
    words: `pod ${pod.namespace}/${pod.name}`,
    node: pod.node,
    ...readAddresses(pod.addresses),
    ranges: [],
    ports: pod.ports.map(({ name, port, protocol }) => ({
      name,
      port,
      protocol: PROTOCOL[protocol],
    })),
    pod,
    host: undefined,
  };
}

function hostEndpoint(host: HostEndpoint, profiles: readonly Profile[]): IndexedEndpoint {
  const inherited = profiles.filter(({ name }) => host.profiles.includes(name));
  return {
    facts: {
      kind: 'host',
      labels: Object.fromEntries([
        ...inherited.flatMap(({ labels }) => Object.entries(labels)),
        ...Object.entries(host.labels),
      ]),
    },
    words: `host endpoint ${host.name} of node ${host.node}`,
    node: host.node,
    addresses: host.addresses,
    texts: textsOf(host.addresses),
    ranges: [],
    ports: host.ports,
    pod: undefined,
    host,
  };
}

function setEndpoint(
  { namespace, name, labels, ranges }: NetworkSet,
  namespaceOf: (name: string) => { name: string; labels: Labels },
): IndexedEndpoint {
  return {
    facts: {
      kind: 'set',
      labels,
      ...(namespace === '' ? {} : { namespace: namespaceOf(namespace) }),
    },
    words: `network set ${namespace === '' ? name : `${namespace}/${name}`}`,
    node: '',
    addresses: [],
    texts: { 4: [], 6: [] },
    ranges,
    ports: [],
    pod: undefined,
    host: undefined,
  };
}

/** A name of the interface counts most, then one of its addresses, then the endpoint of all interfaces. */
function guardOf(
  node: World['nodes'][number] | undefined,
  hosts: readonly IndexedEndpoint[],
): IndexedEndpoint | undefined {
  const own = hosts.filter((endpoint) => endpoint.node === node?.name);
  const named = own.find(({ host }) => host?.interfaceName === NODE_INTERFACE);
  const addressed = own.find(
    ({ host, texts }) =>
      host?.interfaceName === '' &&
      [...texts[4], ...texts[6]].some((text) => node?.addresses.includes(text)),
  );
  return named ?? addressed ?? own.find(({ host }) => host?.interfaceName === '*');
}

function namespaceReader(world: World): (name: string) => { name: string; labels: Labels } {
  const namespaces = new Map(world.namespaces.map((namespace) => [namespace.name, namespace]));
  return (name) =>
    // The API server puts this label on every namespace; a missing namespace is still one.
    namespaces.get(name) ?? { name, labels: { 'kubernetes.io/metadata.name': name } };
}

function factsReader(
  world: World,
  namespaceOf: (name: string) => { name: string; labels: Labels },
): (pod: WorldPod) => Facts {
  const accounts = new Map(
    (world.serviceAccounts ?? []).map((account) => [
      `${account.namespace}/${account.name}`,
      account,
    ]),
  );
  return ({ namespace, labels, serviceAccount = 'default' }) => ({
    kind: 'pod',
    labels,
    namespace: namespaceOf(namespace),
    account: accounts.get(`${namespace}/${serviceAccount}`) ?? { name: serviceAccount, labels: {} },
  });
}

function readAddresses(written: readonly string[]): Pick<IndexedEndpoint, 'addresses' | 'texts'> {
  const addresses = written.flatMap((text) => parseAddress(text) ?? []);
  return { addresses, texts: textsOf(addresses) };
}

function textsOf(addresses: readonly Address[]): IndexedEndpoint['texts'] {
  const texts = (family: 4 | 6): string[] =>
    addresses.filter((address) => address.family === family).map(formatAddress);
  return { 4: texts(4), 6: texts(6) };
}

const NONE: readonly AppliedTier[] = [];

interface Applying {
  tier: Tier;
  policies: NormalPolicy[];
}

function applyPolicies(
  tiers: readonly Tier[],
  find: (where: LabelPredicate) => readonly IndexedEndpoint[],
): Record<Direction, Map<IndexedEndpoint, Applying[]>> {
  const applied = {
    ingress: new Map<IndexedEndpoint, Applying[]>(),
    egress: new Map<IndexedEndpoint, Applying[]>(),
  };
  const apply = (direction: Direction, endpoint: IndexedEndpoint, tier: Tier): Applying => {
    const lists = applied[direction].get(endpoint) ?? [];
    applied[direction].set(endpoint, lists);
    const last = lists.at(-1);
    if (last?.tier === tier) return last;
    const next: Applying = { tier, policies: [] };
    lists.push(next);
    return next;
  };
  for (const tier of tiers) {
    for (const policy of tier.policies) {
      for (const endpoint of find(policy.subject)) {
        // What comes before the ordinary stage is for host endpoints only.
        if (endpoint.pod !== undefined && policy.stage !== 'filter') continue;
        for (const direction of ['ingress', 'egress'] as const) {
          if (policy[direction] !== undefined)
            apply(direction, endpoint, tier).policies.push(policy);
        }
      }
    }
  }
  return applied;
}

/** Finds endpoints through the rarest label value asked for, so that a thousand selectors stay cheap. */
function createFinder(
  endpoints: readonly IndexedEndpoint[],
): (where: LabelPredicate) => readonly IndexedEndpoint[] {
  const byNamespace = new Map<string, IndexedEndpoint[]>();
  const byLabel = new Map<string, Map<string, IndexedEndpoint[]>>();
  for (const indexed of endpoints) {
    append(byNamespace, indexed.facts.namespace?.name ?? '', indexed);
    for (const [key, value] of Object.entries(indexed.facts.labels)) {
      const values = byLabel.get(key) ?? new Map<string, IndexedEndpoint[]>();
      byLabel.set(key, values);
      append(values, value, indexed);
    }
  }
  const candidates = (part: LabelPredicate): readonly IndexedEndpoint[] | undefined => {
    if (part.op !== 'in' || part.values.length !== 1) return undefined;
    const [only = ''] = part.values;
    if (part.scope === 'own' && part.key !== KIND) return byLabel.get(part.key)?.get(only) ?? [];
    if (part.scope === 'namespace' && part.key === NAME) return byNamespace.get(only) ?? [];
    return undefined;
  };
  return (where) => {
    const from = shortest(conjuncts(where).map(candidates)) ?? endpoints;
    return from.filter(({ facts }) => matchesLabels(where, facts));
  };
}

function shortest<T>(lists: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  let best: readonly T[] | undefined;
  for (const list of lists) {
    if (list !== undefined && (best === undefined || list.length < best.length)) best = list;
  }
  return best;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

import { formatAddress, parseAddress, type Address } from './address-range.js';
import { matchesLabels, type LabelPredicate, type Labels } from './label-predicate.js';
import type { World, WorldPod } from './model.js';
import type { Direction, NormalPolicy, PodSet, Tier } from './normal-form.js';
import { isNetworkPolicy, parseNetworkPolicy } from './parse-network-policy.js';

/** A pod that owns its addresses: not finished, not on the node's own network. */
export interface IndexedPod {
  pod: WorldPod;
  namespaceLabels: Labels;
  /** In one canonical spelling; what is no address is left out. */
  addresses: readonly Address[];
  texts: Readonly<Record<4 | 6, readonly string[]>>;
}

/** A world with its policies read and its pods findable by label. */
export interface WorldIndex {
  world: World;
  tier: Tier;
  /** Objects among the policies that this reasoning does not know: their effect is not modelled. */
  unknownPolicies: number;
  pods: readonly IndexedPod[];
  /** True where some pod has an IPv6 address. */
  dualStack: boolean;
  findPod: (namespace: string, name: string) => WorldPod | undefined;
  findSelectable: (pod: WorldPod) => IndexedPod | undefined;
  findByAddress: (address: Address) => IndexedPod | undefined;
  /** The policies that isolate a pod in a direction, ordered by name. */
  isolating: (pod: IndexedPod, direction: Direction) => readonly NormalPolicy[];
  podsIn: (set: PodSet) => readonly IndexedPod[];
}

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

export function matchesPodSet(
  { namespaces, pods }: PodSet,
  { pod, namespaceLabels }: IndexedPod,
): boolean {
  return (
    (namespaces.type === 'named'
      ? namespaces.name === pod.namespace
      : matchesLabels(namespaces.labels, namespaceLabels)) && matchesLabels(pods, pod.labels)
  );
}

const indexes = new WeakMap<World, WorldIndex>();
const parsed = new WeakMap<object, NormalPolicy | 'unknown'>();

function buildIndex(world: World): WorldIndex {
  const { policies, unknownPolicies } = readPolicies(world.networkPolicies);
  const namespaceLabels = new Map(world.namespaces.map(({ name, labels }) => [name, labels]));
  const pods = world.pods
    .filter(({ hostNetwork, phase }) => !hostNetwork && phase !== 'Succeeded' && phase !== 'Failed')
    .map((pod): IndexedPod => ({
      pod,
      // The API server puts this label on every namespace; a missing namespace is still one.
      namespaceLabels: namespaceLabels.get(pod.namespace) ?? {
        'kubernetes.io/metadata.name': pod.namespace,
      },
      ...readAddresses(pod.addresses),
    }));
  const select = createSelector(pods);
  const byAddress = new Map(
    pods.flatMap((pod) => [...pod.texts[4], ...pod.texts[6]].map((text) => [text, pod] as const)),
  );
  const selectable = new Map(pods.map((indexed) => [indexed.pod, indexed]));
  const byName = new Map(world.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  const isolation = isolate(policies, select);
  return {
    world,
    tier: { name: 'networkpolicy', mode: 'union', policies },
    unknownPolicies,
    pods,
    dualStack: pods.some(({ texts }) => texts[6].length > 0),
    findPod: (namespace, name) => byName.get(`${namespace}/${name}`),
    findSelectable: (pod) => selectable.get(pod),
    findByAddress: (address) => byAddress.get(formatAddress(address)),
    isolating: (pod, direction) => isolation[direction].get(pod) ?? NONE,
    podsIn: select,
  };
}

function readAddresses(written: readonly string[]): Pick<IndexedPod, 'addresses' | 'texts'> {
  const addresses = written.flatMap((text) => parseAddress(text) ?? []);
  const texts = (family: 4 | 6): string[] =>
    addresses.filter((address) => address.family === family).map(formatAddress);
  return { addresses, texts: { 4: texts(4), 6: texts(6) } };
}

const NONE: readonly NormalPolicy[] = [];

function readPolicies(objects: readonly unknown[]): {
  policies: NormalPolicy[];
  unknownPolicies: number;
} {
  const policies: NormalPolicy[] = [];
  let unknownPolicies = 0;
  for (const object of objects) {
    const policy = readPolicy(object);
    if (policy === 'unknown') unknownPolicies += 1;
    else policies.push(policy);
  }
  policies.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  return { policies, unknownPolicies };
}

function readPolicy(object: unknown): NormalPolicy | 'unknown' {
  if (typeof object !== 'object' || object === null) return 'unknown';
  const known = parsed.get(object);
  if (known !== undefined) return known;
  const policy = (isNetworkPolicy(object) ? parseNetworkPolicy(object) : undefined) ?? 'unknown';
  parsed.set(object, policy);
  return policy;
}

function isolate(
  policies: readonly NormalPolicy[],
  select: (set: PodSet) => readonly IndexedPod[],
): Record<Direction, Map<IndexedPod, NormalPolicy[]>> {
  const isolation = {
    ingress: new Map<IndexedPod, NormalPolicy[]>(),
    egress: new Map<IndexedPod, NormalPolicy[]>(),
  };
  for (const policy of policies) {
    for (const pod of select(policy.subject)) {
      if (policy.ingress !== undefined) append(isolation.ingress, pod, policy);
      if (policy.egress !== undefined) append(isolation.egress, pod, policy);
    }
  }
  return isolation;
}

/** Finds pods through the rarest label value asked for, so that a thousand selectors stay cheap. */
function createSelector(pods: readonly IndexedPod[]): (set: PodSet) => readonly IndexedPod[] {
  const byNamespace = new Map<string, IndexedPod[]>();
  const byLabel = new Map<string, Map<string, IndexedPod[]>>();
  for (const indexed of pods) {
    append(byNamespace, indexed.pod.namespace, indexed);
    for (const [key, value] of Object.entries(indexed.pod.labels)) {
      const values = byLabel.get(key) ?? new Map<string, IndexedPod[]>();
      byLabel.set(key, values);
      append(values, value, indexed);
    }
  }
  const candidates = (predicate: LabelPredicate): readonly IndexedPod[] | undefined => {
    if (predicate.op === 'in') {
      const [only] = predicate.values;
      const values = byLabel.get(predicate.key);
      if (values === undefined) return [];
      return only !== undefined && predicate.values.length === 1
        ? (values.get(only) ?? [])
        : undefined;
    }
    if (predicate.op === 'all') return shortest(predicate.of.map(candidates));
    return undefined;
  };
  return (set) => {
    const named =
      set.namespaces.type === 'named' ? (byNamespace.get(set.namespaces.name) ?? []) : pods;
    const from = shortest([candidates(set.pods), named]) ?? pods;
    return from.filter((pod) => matchesPodSet(set, pod));
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

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

import { formatAddress, parseAddress, type Address } from './address-range.js';
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
import type { Direction, NormalPolicies, NormalPolicy } from './normal-form.js';
import { readPolicies } from './read-policies.js';

/** A pod that owns its addresses: not finished, not on the node's own network. */
export interface IndexedPod {
  pod: WorldPod;
  facts: Facts;
  /** In one canonical spelling; what is no address is left out. */
  addresses: readonly Address[];
  texts: Readonly<Record<4 | 6, readonly string[]>>;
}

/** A world with its policies read and its pods findable by label. */
export interface WorldIndex {
  world: World;
  policies: NormalPolicies;
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
  podsIn: (set: LabelPredicate) => readonly IndexedPod[];
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

const indexes = new WeakMap<World, WorldIndex>();

function buildIndex(world: World): WorldIndex {
  const { policies, unknown } = readPolicies([
    ...world.networkPolicies,
    ...(world.policyResources ?? []),
  ]);
  const factsOf = factsReader(world);
  const pods = world.pods
    .filter(({ hostNetwork, phase }) => !hostNetwork && phase !== 'Succeeded' && phase !== 'Failed')
    .map((pod): IndexedPod => ({ pod, facts: factsOf(pod), ...readAddresses(pod.addresses) }));
  const select = createSelector(pods);
  const byAddress = new Map(
    pods.flatMap((pod) => [...pod.texts[4], ...pod.texts[6]].map((text) => [text, pod] as const)),
  );
  const selectable = new Map(pods.map((indexed) => [indexed.pod, indexed]));
  const byName = new Map(world.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  const isolation = isolate(
    policies.tiers.flatMap((tier) => tier.policies),
    select,
  );
  return {
    world,
    policies,
    unknownPolicies: unknown,
    pods,
    dualStack: pods.some(({ texts }) => texts[6].length > 0),
    findPod: (namespace, name) => byName.get(`${namespace}/${name}`),
    findSelectable: (pod) => selectable.get(pod),
    findByAddress: (address) => byAddress.get(formatAddress(address)),
    isolating: (pod, direction) => isolation[direction].get(pod) ?? NONE,
    podsIn: select,
  };
}

function factsReader(world: World): (pod: WorldPod) => Facts {
  const namespaces = new Map(world.namespaces.map(({ name, labels }) => [name, labels]));
  const accounts = new Map(
    (world.serviceAccounts ?? []).map(({ namespace, name, labels }) => [
      `${namespace}/${name}`,
      labels,
    ]),
  );
  return ({ namespace, labels, serviceAccount = 'default' }) => ({
    kind: 'pod',
    labels,
    namespace: {
      name: namespace,
      // The API server puts this label on every namespace; a missing namespace is still one.
      labels: namespaces.get(namespace) ?? { 'kubernetes.io/metadata.name': namespace },
    },
    account: {
      name: serviceAccount,
      labels: accounts.get(`${namespace}/${serviceAccount}`) ?? NO_LABELS,
    },
  });
}

function readAddresses(written: readonly string[]): Pick<IndexedPod, 'addresses' | 'texts'> {
  const addresses = written.flatMap((text) => parseAddress(text) ?? []);
  const texts = (family: 4 | 6): string[] =>
    addresses.filter((address) => address.family === family).map(formatAddress);
  return { addresses, texts: { 4: texts(4), 6: texts(6) } };
}

const NONE: readonly NormalPolicy[] = [];
const NO_LABELS: Labels = {};

function isolate(
  policies: readonly NormalPolicy[],
  select: (set: LabelPredicate) => readonly IndexedPod[],
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
function createSelector(
  pods: readonly IndexedPod[],
): (set: LabelPredicate) => readonly IndexedPod[] {
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
  const candidates = (part: LabelPredicate): readonly IndexedPod[] | undefined => {
    if (part.op !== 'in' || part.values.length !== 1) return undefined;
    const [only = ''] = part.values;
    if (part.scope === 'own' && part.key !== KIND) return byLabel.get(part.key)?.get(only) ?? [];
    if (part.scope === 'namespace' && part.key === NAME) return byNamespace.get(only) ?? [];
    return undefined;
  };
  return (set) => {
    const from = shortest(conjuncts(set).map(candidates)) ?? pods;
    return from.filter(({ facts }) => matchesLabels(set, facts));
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

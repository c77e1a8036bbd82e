/** All endpoints of a world, findable by label. It outlives the policies: they come and go over the same pods. */
import type { HostEndpoint, NetworkSet } from './calico/resources.js';
import {
  factsReader,
  hostEndpoint,
  namespaceReader,
  podEndpoint,
  setEndpoint,
  type IndexedEndpoint,
} from './endpoints.js';
import {
  conjuncts,
  KIND,
  matchesLabels,
  NAME,
  type Facts,
  type LabelPredicate,
} from './label-predicate.js';
import type { World, WorldPod } from './model.js';
import type { Profile } from './normal-form.js';

export interface Population {
  /** Not finished and not on their node's own network. */
  pods: readonly IndexedEndpoint[];
  hosts: readonly IndexedEndpoint[];
  sets: readonly IndexedEndpoint[];
  endpoints: readonly IndexedEndpoint[];
  selectable: ReadonlyMap<WorldPod | undefined, IndexedEndpoint>;
  /** By address as text. */
  byAddress: ReadonlyMap<string, IndexedEndpoint>;
  lookalikesOf: (endpoint: IndexedEndpoint) => Lookalikes | undefined;
  findLookalikes: (where: LabelPredicate) => readonly Lookalikes[];
  find: (where: LabelPredicate) => readonly IndexedEndpoint[];
}

/** Endpoints that no selector tells apart: the pods of a Deployment, mostly. */
export interface Lookalikes {
  facts: Facts;
  members: IndexedEndpoint[];
}

/** What policies bring into the population. */
export interface Others {
  networkSets: readonly NetworkSet[];
  hostEndpoints: readonly HostEndpoint[];
  profiles: readonly Profile[];
}

/** The same for the same pods, namespaces, accounts and others: lists are told apart by identity. */
export function populationOf(world: World, others: Others): Population {
  const known = populations.get(world.pods);
  if (known !== undefined && isOf(known, world, others)) return known.population;
  const population = populate(world, others);
  const { namespaces, serviceAccounts } = world;
  populations.set(world.pods, { namespaces, serviceAccounts, others, population });
  return population;
}

interface Known extends Pick<World, 'namespaces' | 'serviceAccounts'> {
  others: Others;
  population: Population;
}

const populations = new WeakMap<readonly WorldPod[], Known>();

const isOf = (known: Known, world: World, others: Others): boolean =>
  known.namespaces === world.namespaces &&
  known.serviceAccounts === world.serviceAccounts &&
  sameItems(known.others.networkSets, others.networkSets) &&
  sameItems(known.others.hostEndpoints, others.hostEndpoints) &&
  sameItems(known.others.profiles, others.profiles);

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

function populate(world: World, { networkSets, hostEndpoints, profiles }: Others): Population {
  const namespaceOf = namespaceReader(world);
  const factsOf = factsReader(world, namespaceOf);
  const pods = world.pods
    .filter(({ hostNetwork, phase }) => !hostNetwork && phase !== 'Succeeded' && phase !== 'Failed')
    .map((pod) => podEndpoint(pod, factsOf(pod)));
  const hosts = hostEndpoints.map((host) => hostEndpoint(host, profiles));
  const sets = networkSets.map((set) => setEndpoint(set, namespaceOf));
  const endpoints = [...pods, ...hosts, ...sets];
  const alike = groupLookalikes(endpoints);
  const findLookalikes = createFinder([...new Set(alike.values())]);
  return {
    pods,
    hosts,
    sets,
    endpoints,
    selectable: new Map(pods.map((indexed) => [indexed.pod, indexed])),
    byAddress: new Map(
      pods.flatMap((pod) => [...pod.texts[4], ...pod.texts[6]].map((text) => [text, pod] as const)),
    ),
    lookalikesOf: (endpoint) => alike.get(endpoint),
    findLookalikes,
    find: (where) => findLookalikes(where).flatMap(({ members }) => members),
  };
}

function groupLookalikes(endpoints: readonly IndexedEndpoint[]): Map<IndexedEndpoint, Lookalikes> {
  const byFacts = new Map<string, Lookalikes>();
  const alike = new Map<IndexedEndpoint, Lookalikes>();
  for (const endpoint of endpoints) {
    const { kind, labels, namespace, account } = endpoint.facts;
    // In one world a name stands for one namespace, and with it for one account.
    const key = JSON.stringify([kind, namespace?.name, account?.name, labels]);
    const group = byFacts.get(key) ?? { facts: endpoint.facts, members: [] };
    byFacts.set(key, group);
    group.members.push(endpoint);
    alike.set(endpoint, group);
  }
  return alike;
}

/** Finds through the rarest label value asked for, so that a thousand selectors stay cheap, and each only once. */
function createFinder(
  all: readonly Lookalikes[],
): (where: LabelPredicate) => readonly Lookalikes[] {
  const byNamespace = new Map<string, Lookalikes[]>();
  const byLabel = new Map<string, Map<string, Lookalikes[]>>();
  for (const alike of all) {
    append(byNamespace, alike.facts.namespace?.name ?? '', alike);
    for (const [key, value] of Object.entries(alike.facts.labels)) {
      const values = byLabel.get(key) ?? new Map<string, Lookalikes[]>();
      byLabel.set(key, values);
      append(values, value, alike);
    }
  }
  const candidates = (part: LabelPredicate): readonly Lookalikes[] | undefined => {
    if (part.op !== 'in' || part.values.length !== 1) return undefined;
    const [only = ''] = part.values;
    if (part.scope === 'own' && part.key !== KIND) return byLabel.get(part.key)?.get(only) ?? [];
    if (part.scope === 'namespace' && part.key === NAME) return byNamespace.get(only) ?? [];
    return undefined;
  };
  const found = new WeakMap<LabelPredicate, readonly Lookalikes[]>();
  return (where) => {
    const known = found.get(where);
    if (known !== undefined) return known;
    const from = shortest(conjuncts(where).map(candidates)) ?? all;
    const alike = from.filter(({ facts }) => matchesLabels(where, facts));
    found.set(where, alike);
    return alike;
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

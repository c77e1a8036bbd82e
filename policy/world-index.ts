import { contains, formatAddress, type Address } from './address-range.js';
import type { IndexedEndpoint } from './endpoints.js';
import { failsafePortsOf, type FailsafePorts } from './failsafe.js';
import type { LabelPredicate } from './label-predicate.js';
import type { World, WorldPod } from './model.js';
import type { Direction, NormalPolicies, NormalPolicy, Tier } from './normal-form.js';
import { populationOf, type Lookalikes, type Population } from './population.js';
import { readPolicies } from './read-policies.js';
import type { ServiceEndpoints } from './service-endpoints.js';

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
  /** Ports that its host endpoint never closes. */
  failsafeOf: (node: string) => FailsafePorts;
  /** In order; only what some policy selects it for. The same list for endpoints that no selector tells apart. */
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
  const { policies, networkSets, hostEndpoints, services, failsafe, unknown } = readPolicies([
    ...world.networkPolicies,
    ...(world.policyResources ?? []),
  ]);
  const { profiles, tiers } = policies;
  const population = populationOf(world, { networkSets, hostEndpoints, profiles });
  const { pods, hosts, sets, endpoints, find } = population;
  const byName = new Map(world.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  const applied = applyPolicies(tiers, population);
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
    findSelectable: (pod) => population.selectable.get(pod),
    findByAddress: (address) => population.byAddress.get(formatAddress(address)),
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
    failsafeOf: (node) => failsafePortsOf(failsafe, node),
    tiersFor: (endpoint, direction) => {
      const alike = population.lookalikesOf(endpoint);
      return (alike === undefined ? undefined : applied[direction].get(alike)) ?? NONE;
    },
    find,
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

const NONE: readonly AppliedTier[] = [];

interface Applying {
  tier: Tier;
  policies: NormalPolicy[];
}

function applyPolicies(
  tiers: readonly Tier[],
  { findLookalikes }: Population,
): Record<Direction, Map<Lookalikes, Applying[]>> {
  const applied = {
    ingress: new Map<Lookalikes, Applying[]>(),
    egress: new Map<Lookalikes, Applying[]>(),
  };
  const apply = (direction: Direction, alike: Lookalikes, tier: Tier): Applying => {
    const lists = applied[direction].get(alike) ?? [];
    applied[direction].set(alike, lists);
    const last = lists.at(-1);
    if (last?.tier === tier) return last;
    const next: Applying = { tier, policies: [] };
    lists.push(next);
    return next;
  };
  for (const tier of tiers) {
    for (const policy of tier.policies) {
      for (const alike of findLookalikes(policy.subject)) {
        // What comes before the ordinary stage is for host endpoints only.
        if (alike.facts.kind === 'pod' && policy.stage !== 'filter') continue;
        for (const direction of ['ingress', 'egress'] as const) {
          if (policy[direction] !== undefined) apply(direction, alike, tier).policies.push(policy);
        }
      }
    }
  }
  return applied;
}

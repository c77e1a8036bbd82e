/** Reads the policies of a world into tiers. */
import { isJsonObject } from '../common/json.js';
import { parseFelixConfiguration } from './calico/felix-configuration.js';
import { isCalico, parseCalicoPolicy } from './calico/parse-policy.js';
import {
  parseHostEndpoint,
  parseNetworkSet,
  parseProfile,
  parseTier,
  type HostEndpoint,
  type NetworkSet,
  type TierSettings,
} from './calico/resources.js';
import {
  ADMIN_TIER,
  BASELINE_TIER,
  isClusterPolicy,
  parseClusterPolicy,
} from './cluster-wide/parse-cluster-policy.js';
import type { FailsafeSettings } from './failsafe.js';
import type { NormalPolicies, NormalPolicy, Profile, Tier } from './normal-form.js';
import { isNetworkPolicy, parseNetworkPolicy } from './parse-network-policy.js';
import { isEndpointSlice, parseEndpointSlice, type ServiceEndpoints } from './service-endpoints.js';

export interface ReadPolicies {
  policies: NormalPolicies;
  networkSets: readonly NetworkSet[];
  hostEndpoints: readonly HostEndpoint[];
  services: readonly ServiceEndpoints[];
  failsafe: readonly FailsafeSettings[];
  /** Objects that this reasoning does not know: their effect is not modelled. */
  unknown: number;
}

/**
 * Objects of any kind and in any order. Each is read once: objects count as immutable. A policy of a tier
 * that does not exist has no effect, as in Calico.
 */
export function readPolicies(objects: readonly unknown[]): ReadPolicies {
  const policies: NormalPolicy[] = [];
  const settings = new Map(BUILT_IN.map((tier) => [tier.name, tier]));
  const profiles: Profile[] = [ALLOW_ALL];
  const networkSets: NetworkSet[] = [];
  const hostEndpoints: HostEndpoint[] = [];
  const services: ServiceEndpoints[] = [];
  const failsafe: FailsafeSettings[] = [];
  let unknown = 0;
  for (const object of objects) {
    const thing = read(object);
    if (thing.type === 'policy') policies.push(thing.is);
    else if (thing.type === 'tier') settings.set(thing.is.name, thing.is);
    else if (thing.type === 'profile') profiles.push(thing.is);
    else if (thing.type === 'network set') networkSets.push(thing.is);
    else if (thing.type === 'host endpoint') hostEndpoints.push(thing.is);
    else if (thing.type === 'service') services.push(thing.is);
    else if (thing.type === 'failsafe') failsafe.push(thing.is);
    else if (thing.type === 'unknown') unknown += 1;
  }
  const tiers = tiersOf(policies, settings);
  return { policies: { tiers, profiles }, networkSets, hostEndpoints, services, failsafe, unknown };
}

type Thing =
  | { type: 'policy'; is: NormalPolicy }
  | { type: 'tier'; is: TierSettings }
  | { type: 'profile'; is: Profile }
  | { type: 'network set'; is: NetworkSet }
  | { type: 'host endpoint'; is: HostEndpoint }
  | { type: 'service'; is: ServiceEndpoints }
  | { type: 'failsafe'; is: FailsafeSettings }
  /** Has no effect: a staged policy, settings that no node reads. */
  | { type: 'none' }
  | { type: 'unknown' };

function read(object: unknown): Thing {
  if (!isJsonObject(object)) return { type: 'unknown' };
  const known = things.get(object);
  if (known !== undefined) return known;
  const thing = readAnew(object);
  things.set(object, thing);
  return thing;
}

const things = new WeakMap<object, Thing>();

function readAnew(object: Parameters<typeof parseTier>[0]): Thing {
  const policy = readPolicy(object);
  if (policy !== undefined) return { type: 'policy', is: policy };
  if (isCalico(object, ...STAGED)) return { type: 'none' };
  if (isCalico(object, 'Tier')) {
    const tier = parseTier(object);
    if (tier !== undefined) return { type: 'tier', is: tier };
  }
  if (isCalico(object, 'Profile')) return { type: 'profile', is: parseProfile(object) };
  if (isCalico(object, 'NetworkSet', 'GlobalNetworkSet')) {
    return { type: 'network set', is: parseNetworkSet(object) };
  }
  if (isCalico(object, 'HostEndpoint')) {
    return { type: 'host endpoint', is: parseHostEndpoint(object) };
  }
  if (isCalico(object, 'FelixConfiguration')) {
    const settings = parseFelixConfiguration(object);
    return settings === undefined ? { type: 'none' } : { type: 'failsafe', is: settings };
  }
  if (isEndpointSlice(object)) return { type: 'service', is: parseEndpointSlice(object) };
  return { type: 'unknown' };
}

/** One policy of any kind; undefined for what is none. */
export function readPolicy(object: unknown): NormalPolicy | undefined {
  if (isCalico(object, 'NetworkPolicy', 'GlobalNetworkPolicy')) return parseCalicoPolicy(object);
  if (isClusterPolicy(object)) return parseClusterPolicy(object);
  return isNetworkPolicy(object) ? parseNetworkPolicy(object) : undefined;
}

const STAGED = [
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'StagedKubernetesNetworkPolicy',
];

/** There in every cluster; a Tier object of the same name takes their place. */
const BUILT_IN: readonly TierSettings[] = [
  { name: ADMIN_TIER, order: 1000, defaultAction: 'pass' },
  { name: 'default', order: 1_000_000, defaultAction: 'deny' },
  { name: BASELINE_TIER, order: 10_000_000, defaultAction: 'pass' },
];

/** The profile that Calico always has. */
const ALLOW_ALL: Profile = {
  name: 'projectcalico-default-allow',
  ingress: [{ index: 0, action: 'allow', when: [] }],
  egress: [{ index: 0, action: 'allow', when: [] }],
  labels: {},
};

function tiersOf(
  policies: readonly NormalPolicy[],
  settings: ReadonlyMap<string, TierSettings>,
): Tier[] {
  const byTier = new Map<string, NormalPolicy[]>();
  for (const policy of policies) {
    const list = byTier.get(policy.tier);
    if (list === undefined) byTier.set(policy.tier, [policy]);
    else list.push(policy);
  }
  return [...settings.values()]
    .toSorted((a, b) => compare(a.order, b.order) || compare(a.name, b.name))
    .flatMap((tier): Tier[] => {
      const own = byTier.get(tier.name) ?? [];
      if (own.length === 0) return [];
      // Among policies that only allow, order means nothing; then all that allow are worth naming.
      const isUnion = own.every(({ kind }) => kind === 'NetworkPolicy');
      return [
        {
          ...tier,
          mode: isUnion ? 'union' : 'ordered',
          policies: own.toSorted(isUnion ? byName : byOrder),
        },
      ];
    });
}

const byName = (a: NormalPolicy, b: NormalPolicy): number =>
  compare(a.namespace, b.namespace) || compare(a.name, b.name);

const byOrder = (a: NormalPolicy, b: NormalPolicy): number =>
  compare(a.order, b.order) ||
  compare(tierName(a), tierName(b)) ||
  compare(a.namespace, b.namespace) ||
  compare(a.kind, b.kind);

/** What Calico sorts equal orders by: it keeps the tier in front of the name. */
function tierName({ kind, tier, name }: NormalPolicy): string {
  if (kind === 'NetworkPolicy') return `knp.default.${name}`;
  return name.startsWith(`${tier}.`) ? name : `${tier}.${name}`;
}

const compare = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

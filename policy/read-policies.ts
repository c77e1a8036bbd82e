/** Reads the policies of a world into tiers. */
import type { NormalPolicies, NormalPolicy, Tier } from './normal-form.js';
import { isNetworkPolicy, parseNetworkPolicy } from './parse-network-policy.js';

export interface ReadPolicies {
  policies: NormalPolicies;
  /** Objects that this reasoning does not know: their effect is not modelled. */
  unknown: number;
}

/** An unchanged object is not read again: objects count as immutable. */
export function readPolicies(objects: readonly unknown[]): ReadPolicies {
  const policies: NormalPolicy[] = [];
  let unknown = 0;
  for (const object of objects) {
    const policy = readPolicy(object);
    if (policy === 'unknown') unknown += 1;
    else policies.push(policy);
  }
  return { policies: { tiers: tiersOf(policies), profiles: [] }, unknown };
}

function readPolicy(object: unknown): NormalPolicy | 'unknown' {
  if (typeof object !== 'object' || object === null) return 'unknown';
  const known = parsed.get(object);
  if (known !== undefined) return known;
  const policy = (isNetworkPolicy(object) ? parseNetworkPolicy(object) : undefined) ?? 'unknown';
  parsed.set(object, policy);
  return policy;
}

const parsed = new WeakMap<object, NormalPolicy | 'unknown'>();

function tiersOf(policies: readonly NormalPolicy[]): Tier[] {
  return [
    {
      name: 'default',
      order: 1_000_000,
      mode: 'union',
      defaultAction: 'deny',
      policies: policies.toSorted(
        (a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name),
      ),
    },
  ];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

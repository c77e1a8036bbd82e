import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, valueAt } from '../common/json.js';
import { isCanaryNamespace } from './canary.js';
import type { ClusterView } from './cluster-view.js';

/** Policies that came, went, were written again or made anew between two moments, by name; the canary's aside. */
export function changedPolicies(before: ClusterView, after: ClusterView): string[] {
  const [old, now] = [identities(before), identities(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => !isDeepStrictEqual(old.get(name), now.get(name)));
}

/** A policy that was deleted and made again is not the one that was there. */
function identities({ world }: ClusterView): Map<string, unknown> {
  return new Map(
    world.networkPolicies.filter(isJsonObject).flatMap((policy) => {
      const at = (key: string): string => {
        const value = valueAt(policy, ['metadata', key]);
        return typeof value === 'string' ? value : '';
      };
      if (isCanaryNamespace(at('namespace'))) return [];
      return [[`${at('namespace')}/${at('name')}`, [at('uid'), policy['spec']]] as const];
    }),
  );
}

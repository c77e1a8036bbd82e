import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, valueAt, type JsonObject } from '../common/json.js';
import { isCanaryNamespace } from './canary.js';
import type { ClusterView } from './cluster-view.js';

/** Policies that came, went, were written again or made anew between two moments, by name; the canary's aside. */
export function changedPolicies(before: ClusterView, after: ClusterView): string[] {
  const [old, now] = [identities(before), identities(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => !isDeepStrictEqual(old.get(name), now.get(name)));
}

/** The learner's and the lab's policies; the canary's comes and goes with the checks. */
export function ownPolicies({ networkPolicies }: ClusterView['world']): JsonObject[] {
  return networkPolicies
    .filter(isJsonObject)
    .filter((policy) => !isCanaryNamespace(textAt(policy, 'namespace')));
}

/** A policy that was deleted and made again, or changed and changed back, is not the one that was there. */
function identities({ world }: ClusterView): Map<string, unknown> {
  return new Map(
    ownPolicies(world).map((policy) => [
      `${textAt(policy, 'namespace')}/${textAt(policy, 'name')}`,
      [textAt(policy, 'uid'), valueAt(policy, ['metadata', 'generation']), policy['spec']],
    ]),
  );
}

function textAt(policy: JsonObject, key: string): string {
  const value = valueAt(policy, ['metadata', key]);
  return typeof value === 'string' ? value : '';
}

import { valueAt, type JsonObject } from '../../common/json.js';
import type { Witness } from '../../policy/compare/witness.js';
import { digestOfJson } from '../signing/canonical-json.js';

/** The same for the same question to the network: a flow, and the policies that it is held against. */
export function trialKey(witness: Witness, otherwise: readonly JsonObject[]): string {
  const policies = otherwise.map((policy) => [
    policy['apiVersion'],
    policy['kind'],
    valueAt(policy, ['metadata', 'namespace']),
    valueAt(policy, ['metadata', 'name']),
    policy['spec'],
  ]);
  return digestOfJson({ witness, policies });
}

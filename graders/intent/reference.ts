import type { JsonObject } from '../../common/json.js';
import { compare } from '../../policy/compare/compare.js';
import { isPolicy } from '../policy-engine.js';

/** Whether policies stop nothing at all, so that a learner who does nothing already has what they mean. */
export function stopsNothing(policies: readonly JsonObject[]): boolean {
  return compare(policies.filter(isPolicy), []).equal;
}

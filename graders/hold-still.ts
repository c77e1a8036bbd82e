import { setTimeout as sleep } from 'node:timers/promises';
import { valueAt } from '../common/json.js';
import type { CheckDefinition } from '../common/lab.js';
import type { CheckResult } from '../common/verdict.js';
import { changedPolicies, ownPolicies } from './changed-policies.js';
import { fingerprintOf } from './cluster-fingerprint.js';
import type { ClusterView } from './cluster-view.js';
import { listed } from './reachability/endpoint.js';

/** A verdict holds for at least so long, or it is none. */
const HOLD_MS = 250;
/** So long where a policy was made a moment ago: one that comes and goes has a second to go. */
const HOLD_NEW_MS = 1000;
/** Creation times are whole seconds. */
const NEW_MS = 2000;

export interface HoldOptions {
  /** The cluster as it was before the first check; undefined where it could not be looked at. */
  before: ClusterView | undefined;
  /** As checks saw it in between: what came and was gone again is in neither of the others. */
  during: Iterable<ClusterView>;
  lookAgain: () => Promise<ClusterView>;
  kindOf: (result: CheckResult) => CheckDefinition['kind'] | undefined;
  patience: number;
  /** Nobody else works in the cluster: what is new is no more in doubt than what is old. */
  isAlone: boolean;
  signal: AbortSignal | undefined;
}

/**
 * What passed must still be so a moment later: where policies changed while they were looked at, packets of one moment
 * were held against policies of another, and nothing is known. Of a cluster that was reset meanwhile nothing is known
 * at all. Answers with the results that stand, and those that became inconclusive in their places.
 */
export async function holdStill(
  results: readonly CheckResult[],
  options: HoldOptions,
): Promise<CheckResult[]> {
  const { before, during, lookAgain, kindOf, patience, isAlone, signal } = options;
  const isDecided = (result: CheckResult): boolean =>
    ['passed', 'failed'].includes(result.outcome) && kindOf(result) !== 'answer';
  const isHeld = (result: CheckResult): boolean =>
    result.outcome === 'passed' && ['reachability', 'intent'].includes(kindOf(result) ?? '');
  if (signal?.aborted === true || !results.some(isDecided)) return [...results];
  const holdMs = !isAlone && before !== undefined && hasNewPolicy(before) ? HOLD_NEW_MS : HOLD_MS;
  if (results.some(isHeld)) await sleep(holdMs * patience);
  const after = await lookAgain().catch(() => undefined);
  const doubted = (isDoubted: (result: CheckResult) => boolean, message: string) =>
    results.map((result) => (isDoubted(result) ? unclear(result, message) : result));
  if (before === undefined || after === undefined) {
    return doubted(
      isHeld,
      'The cluster could not be looked at all the time, so it is not known whether this holds. Check again in a moment.',
    );
  }
  if (fingerprintOf(before).uid !== fingerprintOf(after).uid) {
    return doubted(
      isDecided,
      'The cluster was reset while we looked at it, so nothing can be said. Check again when it is ready.',
    );
  }
  const changed = [...new Set([before, ...during].flatMap((seen) => changedPolicies(seen, after)))];
  if (changed.length === 0) return [...results];
  return doubted(
    isHeld,
    `Policies changed while we looked (${listed(changed)}), so nothing can be said about either state. Check again when they stay as they are.`,
  );
}

function hasNewPolicy({ world, takenAt }: ClusterView): boolean {
  const since = Date.parse(takenAt) - NEW_MS;
  return ownPolicies(world).some((policy) => {
    const madeAt = valueAt(policy, ['metadata', 'creationTimestamp']);
    return typeof madeAt === 'string' && Date.parse(madeAt) > since;
  });
}

function unclear(result: CheckResult, message: string): CheckResult {
  const points = { ...result.points, earned: 0 };
  return { ...result, outcome: 'inconclusive', message, points };
}

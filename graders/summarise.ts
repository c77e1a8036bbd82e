import type { CheckResult, LabResult } from '../common/verdict.js';

/** Outcome and points of a whole from its checks. Also for results that were collected step by step. */
export function summarise(checks: readonly CheckResult[]): Pick<LabResult, 'outcome' | 'points'> {
  const has = (...outcomes: CheckResult['outcome'][]) =>
    checks.some(({ outcome }) => outcomes.includes(outcome));
  return {
    outcome: has('failed')
      ? 'failed'
      : has('inconclusive', 'error', 'skipped')
        ? 'inconclusive'
        : 'passed',
    points: {
      earned: checks.reduce((sum, { points }) => sum + points.earned, 0),
      possible: checks.reduce((sum, { points }) => sum + points.possible, 0),
    },
  };
}

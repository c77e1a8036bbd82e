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

/** Results of parts of a lab, in order of time, as one; undefined where there are none. */
export function combineResults(results: readonly LabResult[]): LabResult | undefined {
  const [first] = results;
  const last = results.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const checks = results.flatMap((result) => result.checks);
  const tookMs = results.reduce((sum, result) => sum + result.tookMs, 0);
  return { ...first, endedAt: last.endedAt, checks, tookMs, ...summarise(checks) };
}

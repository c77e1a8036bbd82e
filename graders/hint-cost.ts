import type { CheckResult } from '../common/verdict.js';

/** What a check earns after the hints that helped with it, in points. Its outcome stays: work that is done with help is done. */
export function chargeHints(check: CheckResult, hintCost: number): CheckResult {
  if (hintCost === 0) return check;
  const { earned, possible } = check.points;
  return { ...check, hintCost, points: { earned: Math.max(0, earned - hintCost), possible } };
}

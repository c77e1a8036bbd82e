import type { LabResult } from '../../common/verdict.js';

/** The score of a step that counts. */
export interface BestScore {
  earned: number;
  /** For a step that was passed: as many more than `earned` as it cost in hints. */
  possible: number;
  /** ISO 8601; undefined while the step was never passed. */
  passedAt: string | undefined;
}

/**
 * The score that counts after one more result, of an attempt or of a regrade: never less than before, also where the lab
 * has other points by now.
 */
export function raiseScore(
  before: BestScore | undefined,
  { points, outcome }: Pick<LabResult, 'points' | 'outcome'>,
  at: string,
): BestScore {
  const passedAt = before?.passedAt ?? (outcome === 'passed' ? at : undefined);
  if (before === undefined) return { ...points, passedAt };
  const earned = Math.max(before.earned, points.earned);
  // A step that was passed is worth all that the lab gives for it today but what is lacking here.
  const lacking = Math.min(before.possible - before.earned, points.possible - points.earned);
  const possible = before.passedAt === undefined ? points.possible : earned + lacking;
  return { earned, possible, passedAt };
}

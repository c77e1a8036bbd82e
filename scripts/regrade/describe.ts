import type { LabResult } from '../../common/verdict.js';
import type { CheckDifference, Regrade } from '../../graders/evidence/regrade.js';

/** Whether anything is another than it was. */
export function isChanged({ before, after, differences }: Regrade): boolean {
  return differences.length > 0 || scoreWords(before) !== scoreWords(after);
}

/** One line on the whole, and one on each check that is another than it was. */
export function describeRegrade(title: string, regrade: Regrade): string[] {
  const { before, after, differences, unknownSteps } = regrade;
  const score = isChanged(regrade)
    ? `${scoreWords(before)} → ${scoreWords(after)}`
    : `${scoreWords(before)}, as before`;
  return [
    `${title}, ${before.lab}: ${score}`,
    ...differences.map(describeDifference),
    ...(after.points.earned < before.points.earned
      ? ['  This is less than before: what was earned stays earned.']
      : []),
    ...unknownSteps.map((step) => `  ${step}: nothing was kept of it, so it is left out.`),
  ];
}

function describeDifference({ step, check, before, after, message }: CheckDifference): string {
  return `  ${step}/${check}: ${checkWords(before)} → ${checkWords(after)}. ${message}`;
}

function checkWords(score: CheckDifference['before']): string {
  if (score === undefined) return 'not there';
  return `${score.outcome} ${score.points.earned}/${score.points.possible}`;
}

function scoreWords({ outcome, points }: LabResult): string {
  return `${outcome}, ${points.earned} of ${points.possible} points`;
}

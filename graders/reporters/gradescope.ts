import type { CheckDefinition } from '../../common/lab.js';
import type { CheckResult, LabResult } from '../../common/verdict.js';
import { detailsOf, scoreLine } from './check-words.js';

/** Gradescope's words for when students see a test; a lab's are the same but for one letter group. */
const VISIBILITY_OF = {
  always: 'visible',
  'after-submission': 'visible',
  'after-due': 'after_due_date',
  never: 'hidden',
} as const satisfies Record<CheckDefinition['visibility'], string>;

/**
 * Gradescope's `results.json`. Where anything could not be told there is no score at all: Gradescope then
 * shows the run as failed to finish, and an instructor runs it again, instead of a student losing points.
 */
export function reportGradescope(result: LabResult): string {
  const isUntold = result.checks.some(
    ({ outcome }) => outcome === 'inconclusive' || outcome === 'error',
  );
  const report = {
    ...(isUntold ? {} : { score: result.points.earned }),
    execution_time: Math.ceil(result.tookMs / 1000),
    output: isUntold
      ? `${scoreLine(result)}. Something could not be told, and that is not your fault: submit again.`
      : scoreLine(result),
    output_format: 'text',
    stdout_visibility: 'hidden',
    tests: result.checks.map((check, index) => testOf(check, { index, isUntold })),
    extra_data: {
      lab: result.lab,
      labDigest: result.labDigest,
      graderVersion: result.graderVersion,
      provider: result.provider,
      outcome: result.outcome,
    },
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function testOf(check: CheckResult, options: { index: number; isUntold: boolean }) {
  const { outcome, points, title, message } = check;
  return {
    // A sum of tests would stand in for the score that was left out on purpose.
    ...(options.isUntold ? {} : { score: points.earned, max_score: points.possible }),
    ...(outcome === 'passed' || outcome === 'failed' ? { status: outcome } : {}),
    name: title,
    number: String(options.index + 1),
    output: outcome === 'passed' ? message : detailsOf(check).join('\n'),
    output_format: 'text',
    tags: [check.step, outcome],
    visibility: VISIBILITY_OF[check.visibility ?? 'always'],
  };
}

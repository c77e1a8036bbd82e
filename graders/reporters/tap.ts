import { stringify } from 'yaml';
import { withoutControls } from '../../common/plain-text.js';
import type { CheckResult, LabResult } from '../../common/verdict.js';
import { detailsOf, scoreLine, stepsOf } from './check-words.js';

/**
 * TAP 14: a subtest per step, a test point per check. What could not be told and our own faults are `not ok`
 * with a TODO, which harnesses do not count as failures: they are not the learner's.
 */
export function reportTap(result: LabResult): string {
  const steps = stepsOf(result);
  const lines = [
    'TAP version 14',
    `1..${steps.length}`,
    ...steps.flatMap(({ step, checks }, index) => [
      `# Subtest: ${escape(step)}`,
      `    1..${checks.length}`,
      ...checks.flatMap(pointLines).map((line) => `    ${line}`),
      `${checks.some(({ outcome }) => outcome === 'failed') ? 'not ok' : 'ok'} ${index + 1} - ${escape(step)}`,
    ]),
    `# ${scoreLine(result)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function pointLines(check: CheckResult, index: number): string[] {
  const { outcome, title, message } = check;
  const isOk = outcome === 'passed' || outcome === 'skipped';
  const directive = {
    passed: '',
    failed: '',
    skipped: ' # SKIP',
    inconclusive: ' # TODO',
    error: ' # TODO',
  }[outcome];
  const reason = directive === '' ? '' : `${directive} ${escape(message)}`;
  const point = `${isOk ? 'ok' : 'not ok'} ${index + 1} - ${escape(title)}${reason}`;
  return outcome === 'passed' ? [point] : [point, ...diagnosticLines(check)];
}

function diagnosticLines(check: CheckResult): string[] {
  const { id, outcome, points, findings } = check;
  const details = detailsOf(check).map((line) => withoutControls(line));
  const wrong = findings.filter((finding) => finding.outcome !== 'passed');
  const yaml = stringify({ id, outcome, points, message: details.join('\n'), findings: wrong });
  return [
    '  ---',
    ...yaml
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '  ...',
  ];
}

/** One line in which nothing has a meaning of its own. */
function escape(text: string): string {
  return withoutControls(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\#]/g, String.raw`\$&`);
}

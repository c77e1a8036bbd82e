import type { CheckResult, Finding, LabResult, Outcome } from '../../common/verdict.js';

/** What reporters for people call an outcome. */
export const WORD_OF: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  inconclusive: 'could not be told',
  error: 'our fault',
};

/** Told without colour, and in one column. */
export const MARK_OF: Readonly<Record<Outcome, string>> = {
  passed: '✔',
  failed: '✘',
  skipped: '-',
  inconclusive: '?',
  error: '!',
};

/** The checks by their steps, in the lab's order. */
export function stepsOf({ checks }: LabResult): { step: string; checks: CheckResult[] }[] {
  const steps = [...new Set(checks.map(({ step }) => step))];
  return steps.map((step) => ({ step, checks: checks.filter((check) => check.step === step) }));
}

/** `2 of 10 points in 1.2 s: failed` */
export function scoreLine({ points, tookMs, outcome }: LabResult): string {
  const how = outcome === 'inconclusive' ? WORD_OF.inconclusive : outcome;
  return `${points.earned} of ${points.possible} points in ${(tookMs / 1000).toFixed(1)} s: ${how}`;
}

/** What to say about a check that did not pass: its message, the further findings, where to look. */
export function detailsOf(check: CheckResult): string[] {
  if (check.outcome === 'passed') return [];
  const wrong = check.findings.filter(({ outcome }) => outcome !== 'passed');
  const [first, ...others] = wrong;
  const said = new Set([first?.reason]);
  const lines = others.map((finding) => {
    const line = findingLine(finding, said.has(finding.reason));
    said.add(finding.reason);
    return line;
  });
  return [check.message, ...lines, ...nextLines(wrong)];
}

/** A reason is told once: the message holds that of the first finding. */
function findingLine({ subject, expected, observed, reason }: Finding, isSaid: boolean): string {
  const why = reason === undefined || isSaid ? '' : ` ${reason}`;
  return `· ${subject}: expected ${expected}, observed ${observed}.${why}`;
}

function nextLines(findings: readonly Finding[]): string[] {
  const commands = new Set(findings.flatMap(({ next }) => next ?? []));
  return [...commands].slice(0, 3).map((command) => `Look: ${command}`);
}

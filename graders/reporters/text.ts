import pc from 'picocolors';
import { withoutControls } from '../../common/plain-text.js';
import type { CheckResult, Finding, LabResult, Outcome } from '../../common/verdict.js';

/** For people in a terminal: each check with a mark and its message, then what was wrong and where to look. */
export function reportText(result: LabResult, options: { colours: boolean }): string {
  const paint = pc.createColors(options.colours);
  const marks: Record<Outcome, string> = {
    passed: paint.green('✔ passed'),
    failed: paint.red('✘ failed'),
    skipped: paint.dim('- skipped'),
    inconclusive: paint.yellow('? could not be told'),
    error: paint.magenta('! our fault'),
  };
  const lines = [paint.bold(`${result.lab} on ${result.provider} cluster ${result.cluster}`)];
  let step = '';
  for (const check of result.checks) {
    if (check.step !== step) lines.push('', paint.bold(check.step));
    step = check.step;
    lines.push(
      `  ${marks[check.outcome]}  ${check.title} (${check.points.earned}/${check.points.possible})`,
    );
    lines.push(...detailsOf(check).map((line) => `      ${withoutControls(line)}`));
  }
  const { earned, possible } = result.points;
  lines.push(
    '',
    `${earned} of ${possible} points in ${(result.tookMs / 1000).toFixed(1)} s: ${result.outcome}`,
  );
  return `${lines.join('\n')}\n`;
}

function detailsOf(check: CheckResult): string[] {
  if (check.outcome === 'passed') return [];
  const wrong = check.findings.filter(({ outcome }) => outcome !== 'passed');
  return [check.message, ...(wrong.length > 1 ? wrong.map(findingLine) : []), ...nextLines(wrong)];
}

function findingLine({ subject, expected, observed, reason }: Finding): string {
  return `· ${subject}: expected ${expected}, observed ${observed}.${reason === undefined ? '' : ` ${reason}`}`;
}

function nextLines(findings: readonly Finding[]): string[] {
  const commands = new Set(findings.flatMap(({ next }) => next ?? []));
  return [...commands].slice(0, 3).map((command) => `Look: ${command}`);
}

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

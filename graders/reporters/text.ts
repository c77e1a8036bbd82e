import pc from 'picocolors';
import { withoutControls } from '../../common/plain-text.js';
import type { LabResult, Outcome } from '../../common/verdict.js';
import { detailsOf, MARK_OF, scoreLine, stepsOf, WORD_OF } from './check-words.js';

/** For people in a terminal: each check with a mark and its message, then what was wrong and where to look. */
export function reportText(result: LabResult, options: { colours: boolean }): string {
  const paint = pc.createColors(options.colours);
  const paintOf: Record<Outcome, (text: string) => string> = {
    passed: paint.green,
    failed: paint.red,
    skipped: paint.dim,
    inconclusive: paint.yellow,
    error: paint.magenta,
  };
  const lines = [paint.bold(`${result.lab} on ${result.provider} cluster ${result.cluster}`)];
  for (const { step, checks } of stepsOf(result)) {
    lines.push('', paint.bold(step));
    for (const check of checks) {
      const { outcome, title, points } = check;
      const mark = paintOf[outcome](`${MARK_OF[outcome]} ${WORD_OF[outcome]}`);
      lines.push(`  ${mark}  ${oneLine(title)} (${points.earned}/${points.possible})`);
      lines.push(...detailsOf(check).map((line) => `      ${oneLine(line)}`));
    }
  }
  lines.push('', scoreLine(result));
  return `${lines.join('\n')}\n`;
}

/** A learner's words must not begin a line of their own: they could forge one, or be a command to a CI server. */
function oneLine(text: string): string {
  return withoutControls(text).replaceAll(/\s+/g, ' ');
}

import { withoutControls } from '../../common/plain-text.js';
import type { LabResult, Outcome } from '../../common/verdict.js';
import { detailsOf, scoreLine, WORD_OF } from './check-words.js';

const LEVEL_OF = {
  failed: 'error',
  error: 'warning',
  inconclusive: 'warning',
  skipped: 'notice',
} as const satisfies Record<Exclude<Outcome, 'passed'>, string>;

/** Workflow commands that GitHub turns into annotations: an error per failed check, a warning for what is ours. */
export function reportGithub(result: LabResult): string {
  const lines = result.checks.flatMap((check) => {
    const { outcome } = check;
    if (outcome === 'passed') return [];
    const title = `${check.step}: ${check.title} (${WORD_OF[outcome]})`;
    return [
      `::${LEVEL_OF[outcome]} title=${property(title)}::${data(detailsOf(check).join('\n'))}`,
    ];
  });
  const summary = `${result.lab}: ${scoreLine(result)}`;
  return `${[...lines, `::notice title=${property(result.lab)}::${data(summary)}`].join('\n')}\n`;
}

/** GitHub reads a command line by line; these are the escapes of its runner. */
function data(text: string): string {
  return withoutControls(text)
    .replaceAll('%', '%25')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

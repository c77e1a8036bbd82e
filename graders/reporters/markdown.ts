import { withoutControls } from '../../common/plain-text.js';
import type { CheckResult, Finding, LabResult } from '../../common/verdict.js';
import { MARK_OF, scoreLine, stepsOf, WORD_OF } from './check-words.js';

/** GitHub's Markdown, for comments, wikis and a workflow's step summary. */
export function reportMarkdown(result: LabResult): string {
  const lines = [
    `## ${escape(result.lab)}`,
    '',
    `**${escape(scoreLine(result))}**`,
    '',
    '| | Step | Check | Points |',
    '| --- | --- | --- | --- |',
    ...stepsOf(result).flatMap(({ step, checks }) =>
      checks.map(
        ({ outcome, title, points }) =>
          `| ${MARK_OF[outcome]} ${WORD_OF[outcome]} | ${escape(step)} | ${escape(title)} | ${points.earned}/${points.possible} |`,
      ),
    ),
    ...result.checks.flatMap(detailLines),
    '',
    `Lab \`${code(result.labDigest)}\`, grader ${escape(result.graderVersion)}, ${escape(result.provider)} cluster.`,
  ];
  return `${lines.join('\n')}\n`;
}

function detailLines(check: CheckResult): string[] {
  if (check.outcome === 'passed') return [];
  return [
    '',
    `### ${MARK_OF[check.outcome]} ${escape(check.title)}`,
    '',
    escape(check.message),
    ...(check.findings.length === 0 ? [] : findingTable(check.findings)),
  ];
}

function findingTable(findings: readonly Finding[]): string[] {
  const next = [...new Set(findings.flatMap((finding) => finding.next ?? []))].slice(0, 3);
  return [
    '',
    '| | What | Expected | Observed | Why |',
    '| --- | --- | --- | --- | --- |',
    ...findings.map(
      ({ outcome, subject, expected, observed, reason = '' }) =>
        `| ${MARK_OF[outcome]} | ${[subject, expected, observed, reason].map(escape).join(' | ')} |`,
    ),
    ...(next.length === 0
      ? []
      : ['', `Where to look: ${next.map((command) => `\`${code(command)}\``).join(', ')}`]),
  ];
}

/** One line in which nothing has a meaning of its own, inside a table too. */
function escape(text: string): string {
  return withoutControls(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_{}[\]<>()#+!|~&@-]/g, String.raw`\$&`);
}

function code(text: string): string {
  return withoutControls(text).replaceAll(/\s+/g, ' ').replaceAll('`', "'");
}

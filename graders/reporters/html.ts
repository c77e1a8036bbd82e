import type { CheckResult, Finding, LabResult } from '../../common/verdict.js';
import { MARK_OF, scoreLine, stepsOf, WORD_OF } from './check-words.js';
import { escapeHtml as e } from './escape-html.js';
import { HTML_STYLE } from './html-style.js';

/** One page that needs nothing else: no script, no font, no picture; the paths as a matrix of wanted against seen. */
export function reportHtml(result: LabResult): string {
  const lines = [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${e(result.lab)}: ${result.points.earned} of ${result.points.possible} points</title>`,
    `<style>${HTML_STYLE}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<h1>${e(result.lab)}</h1>`,
    `<p><strong>${e(scoreLine(result))}</strong></p>`,
    ...identityLines(result),
    ...stepsOf(result).flatMap(({ step, checks }) => [
      `<h2>${e(step)}</h2>`,
      ...checks.flatMap(checkLines),
    ]),
    '</main>',
    '</body>',
    '</html>',
  ];
  return `${lines.join('\n')}\n`;
}

function identityLines(result: LabResult): string[] {
  const facts = {
    Lab: result.labDigest,
    Grader: result.graderVersion,
    Cluster: `${result.cluster} (${result.provider})`,
    Begun: result.startedAt,
  };
  return [
    '<dl>',
    ...Object.entries(facts).map(([name, value]) => `<dt>${name}</dt><dd>${e(value)}</dd>`),
    '</dl>',
  ];
}

function checkLines(check: CheckResult): string[] {
  const { outcome, title, points, message, findings, rationale } = check;
  const paths = findings.filter(({ path }) => path !== undefined);
  const others = findings.filter(({ path }) => path === undefined);
  return [
    `<article class="check ${outcome}">`,
    `<h3>${e(title)}</h3>`,
    `<span class="word">${MARK_OF[outcome]} ${WORD_OF[outcome]}</span>, ${points.earned} of ${points.possible} points`,
    `<p>${e(message)}</p>`,
    ...(paths.length === 0 ? [] : matrixLines(title, paths)),
    ...(others.length === 0 ? [] : tableLines(title, others)),
    ...whyLines(paths),
    `<p class="why">Why this matters: ${e(rationale)}</p>`,
    '</article>',
  ];
}

/** Sources down, targets across; a cell says what was wanted and what was seen. */
function matrixLines(title: string, findings: readonly Finding[]): string[] {
  const sources = [...new Set(findings.flatMap(({ path }) => path?.from ?? []))];
  const targets = [...new Set(findings.flatMap(({ path }) => path?.to ?? []))];
  const cell = (from: string, to: string): string => {
    const found = findings.find(({ path }) => path?.from === from && path.to === to);
    if (found === undefined) return '<td>not asked</td>';
    const { outcome, expected, observed } = found;
    return `<td class="${outcome}">wanted: ${e(expected)}<br><span class="is">${MARK_OF[outcome]} seen: ${e(observed)}</span></td>`;
  };
  return scrollable(title, [
    `<caption>Each path: what was wanted, and what was seen. ${count(findings)}</caption>`,
    `<thead><tr><th scope="col">from, to</th>${targets.map((to) => `<th scope="col"><code>${e(to)}</code></th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...sources.map(
      (from) =>
        `<tr><th scope="row"><code>${e(from)}</code></th>${targets.map((to) => cell(from, to)).join('')}</tr>`,
    ),
    '</tbody>',
  ]);
}

function tableLines(title: string, findings: readonly Finding[]): string[] {
  return scrollable(title, [
    `<caption>What was wanted, and what was seen. ${count(findings)}</caption>`,
    '<thead><tr><th scope="col">What</th><th scope="col">Wanted</th><th scope="col">Seen</th><th scope="col">Why</th></tr></thead>',
    '<tbody>',
    ...findings.map(
      ({ outcome, subject, expected, observed, reason = '' }) =>
        `<tr class="${outcome}"><th scope="row">${e(subject)}</th><td>${e(expected)}</td><td><span class="is">${MARK_OF[outcome]} ${e(observed)}</span></td><td>${e(reason)}</td></tr>`,
    ),
    '</tbody>',
  ]);
}

/** A wide table scrolls by itself, by keyboard too. */
function scrollable(title: string, table: readonly string[]): string[] {
  return [
    `<div class="scroll" tabindex="0" role="group" aria-label="Wanted and seen: ${e(title)}">`,
    '<table>',
    ...table,
    '</table>',
    '</div>',
  ];
}

function whyLines(paths: readonly Finding[]): string[] {
  const wrong = paths.filter(({ outcome }) => outcome !== 'passed');
  if (wrong.length === 0) return [];
  const line = ({ subject, reason = '', next }: Finding): string =>
    `<li><code>${e(subject)}</code>: ${e(reason)}${next === undefined ? '' : ` Look: <code>${e(next)}</code>`}</li>`;
  return ['<ul>', ...wrong.map(line), '</ul>'];
}

function count(findings: readonly Finding[]): string {
  const passed = findings.filter(({ outcome }) => outcome === 'passed').length;
  return `${passed} of ${findings.length} as wanted.`;
}

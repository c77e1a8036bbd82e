import type { CheckResult, LabResult } from '../../common/verdict.js';

/**
 * JUnit XML in the shape that CI servers share: one suite per step, one case per check. A wrong answer is a
 * failure; what could not be told and our own faults are errors, so that no server shows them as the learner's.
 */
export function reportJunit(result: LabResult): string {
  const steps = [...new Set(result.checks.map(({ step }) => step))];
  const { tests, failures, errors } = countsOf(result.checks);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: result.lab, tests, failures, errors, time: seconds(result.tookMs) })}>`,
    ...steps.flatMap((step, index) => suiteLines(result, step, index)),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function suiteLines(result: LabResult, step: string, index: number): string[] {
  const checks = result.checks.filter((check) => check.step === step);
  const tookMs = checks.reduce((sum, check) => sum + check.tookMs, 0);
  const suite = {
    name: step,
    ...countsOf(checks),
    time: seconds(tookMs),
    timestamp: result.startedAt.replace(/\.\d+Z$|Z$/, ''),
    hostname: result.cluster,
    id: index,
    package: result.lab,
  };
  const properties = {
    labDigest: result.labDigest,
    graderVersion: result.graderVersion,
    provider: result.provider,
    pointsEarned: checks.reduce((sum, { points }) => sum + points.earned, 0),
    pointsPossible: checks.reduce((sum, { points }) => sum + points.possible, 0),
  };
  return [
    `  <testsuite ${attributes(suite)}>`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([name, value]) => `      <property ${attributes({ name, value })}/>`,
    ),
    '    </properties>',
    ...checks.flatMap((check) => caseLines(check, result.lab)),
    '  </testsuite>',
  ];
}

function caseLines(check: CheckResult, lab: string): string[] {
  const start = `    <testcase ${attributes({ name: check.title, classname: `${lab}.${check.step}.${check.id}`, time: seconds(check.tookMs) })}`;
  const body = bodyOf(check);
  return body === undefined ? [`${start}/>`] : [`${start}>`, `      ${body}`, '    </testcase>'];
}

function bodyOf(check: CheckResult): string | undefined {
  const { outcome, message, findings } = check;
  if (outcome === 'passed') return undefined;
  if (outcome === 'skipped') return `<skipped ${attributes({ message })}/>`;
  const details = findings
    .filter((finding) => finding.outcome !== 'passed')
    .map(({ subject, expected, observed, reason, next }) =>
      [
        `${subject}: expected ${expected}, observed ${observed}.`,
        reason,
        next === undefined ? undefined : `Look: ${next}`,
      ]
        .filter(Boolean)
        .join(' '),
    );
  const element = outcome === 'failed' ? 'failure' : 'error';
  return `<${element} ${attributes({ message, type: outcome })}>${escapeXml([message, ...details].join('\n'))}</${element}>`;
}

function countsOf(checks: readonly CheckResult[]) {
  const count = (...outcomes: CheckResult['outcome'][]) =>
    checks.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    tests: checks.length,
    failures: count('failed'),
    errors: count('error', 'inconclusive'),
    skipped: count('skipped'),
  };
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;')}"`)
    .join(' ');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes what has a meaning in XML and leaves out what may not stand there even escaped. */
function escapeXml(text: string): string {
  return Array.from(text)
    .filter(isXmlCharacter)
    .map((character) => NAMED[character] ?? character)
    .join('');
}

function isXmlCharacter(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  // Half of a surrogate pair is no character.
  if (code >= 0xd800 && code <= 0xdfff) return false;
  return !(code >= 0x7f && code <= 0x9f) && code !== 0xfffe && code !== 0xffff;
}

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { validateStrict } from 'ctrf';
import MarkdownIt from 'markdown-it';
import { readFile } from 'node:fs/promises';
import { Parser } from 'tap-parser';
import { validateXML } from 'xmllint-wasm';
import { z } from 'zod';
import { withoutControls } from '../../common/plain-text.js';
import { resultJsonSchema } from '../result-schema.js';
import { REPORTERS } from './index.js';
import { HOSTILE_RESULT, SAMPLE_RESULT } from './sample-result.js';

const BOTH = [SAMPLE_RESULT, HOSTILE_RESULT];

test('the published JSON Schema is that of the results', async () => {
  const published: unknown = JSON.parse(await readFile('graders/result.schema.json', 'utf8'));
  expect(published).toEqual(JSON.parse(resultJsonSchema()));
});

test('JSON validates against the published schema, and a result with a foreign outcome does not', () => {
  const ajv = new Ajv2020({ allErrors: true });
  addFormats.default(ajv);
  const schema: unknown = JSON.parse(resultJsonSchema());
  const isValid = ajv.compile(schema as object);
  for (const result of BOTH) {
    expect(isValid(JSON.parse(REPORTERS.json(result)))).toBe(true);
  }
  expect(isValid({ ...SAMPLE_RESULT, outcome: 'perhaps' })).toBe(false);
});

test.each(BOTH)('JUnit validates against the shape that CI servers share', async (result) => {
  const { valid, errors } = await validateXML({
    xml: [{ fileName: 'report.xml', contents: REPORTERS.junit(result) }],
    schema: [await readFile('test/fixtures/junit.xsd', 'utf8')],
  });
  expect({ valid, errors }).toEqual({ valid: true, errors: [] });
});

test.each(BOTH)("CTRF validates against the standard's own schema", (result) => {
  const report: unknown = JSON.parse(REPORTERS.ctrf(result));
  validateStrict(report);
  const { summary } = report.results;
  expect(summary.passed + summary.failed + summary.skipped + summary.other).toBe(summary.tests);
});

test('a TAP parser finds each check once, and takes what is not the learner’s for no failure', () => {
  const { ok, points } = readTap(REPORTERS.tap(SAMPLE_RESULT));
  expect(ok).toBe(false);
  expect(points).toEqual([
    { name: 'Title of a', ok: true, skip: false, todo: false },
    { name: 'Title of b', ok: false, skip: false, todo: false },
    { name: 'Title of c', ok: true, skip: 'Not yet.', todo: false },
    { name: 'Title of d', ok: false, skip: false, todo: 'Starved.' },
    { name: 'Title of e', ok: false, skip: false, todo: 'Ours.' },
  ]);
  const unclear = SAMPLE_RESULT.checks.filter(({ outcome }) => outcome !== 'failed');
  expect(readTap(REPORTERS.tap({ ...SAMPLE_RESULT, checks: unclear })).ok).toBe(true);
});

test('no title or message forges a line of TAP', () => {
  const { points, ok } = readTap(REPORTERS.tap(HOSTILE_RESULT));
  expect(ok).toBe(false);
  expect(points).toHaveLength(1);
  expect(points[0]).toMatchObject({ ok: false, skip: false, todo: false });
});

function readTap(text: string) {
  const points: { name: string; ok: boolean; skip: unknown; todo: unknown }[] = [];
  const parser = new Parser({ strict: true });
  parser.on('child', (child: Parser) => {
    child.on('assert', ({ name, ok, skip, todo }) => points.push({ name, ok, skip, todo }));
  });
  let passed = false;
  parser.on('complete', ({ ok, bailout }) => {
    passed = ok && bailout === false;
  });
  parser.end(text);
  return { ok: passed, points };
}

/** As Gradescope documents it for autograders. */
const GradescopeResults = z.strictObject({
  score: z.number().optional(),
  execution_time: z.number().int(),
  output: z.string(),
  output_format: z.enum(['text', 'html', 'simple_format', 'md', 'ansi']),
  stdout_visibility: z.enum(['hidden', 'after_due_date', 'after_published', 'visible']),
  extra_data: z.record(z.string(), z.unknown()),
  tests: z.array(
    z.strictObject({
      score: z.number().optional(),
      max_score: z.number().optional(),
      status: z.enum(['passed', 'failed']).optional(),
      name: z.string(),
      number: z.string(),
      output: z.string(),
      output_format: z.enum(['text', 'html', 'simple_format', 'md', 'ansi']),
      tags: z.array(z.string()),
      visibility: z.enum(['hidden', 'after_due_date', 'after_published', 'visible']),
    }),
  ),
});

test('Gradescope gets a score only where everything could be told', () => {
  const told = {
    ...SAMPLE_RESULT,
    checks: SAMPLE_RESULT.checks.filter(({ id }) => id === 'a' || id === 'b'),
  };
  const report = GradescopeResults.parse(JSON.parse(REPORTERS.gradescope(told)));
  expect(report.score).toBe(2);
  expect(report.tests.map(({ score, max_score, status }) => [score, max_score, status])).toEqual([
    [2, 2, 'passed'],
    [0, 2, 'failed'],
  ]);
  const untold = GradescopeResults.parse(JSON.parse(REPORTERS.gradescope(SAMPLE_RESULT)));
  expect(untold.score).toBeUndefined();
  expect(untold.tests.every(({ score }) => score === undefined)).toBe(true);
});

test('a check that learners may not see is hidden by Gradescope', () => {
  const [first] = SAMPLE_RESULT.checks;
  if (first === undefined) throw new Error('the sample has checks');
  const checks = [
    { ...first, visibility: 'never' as const },
    { ...first, visibility: 'after-due' as const },
  ];
  const report = GradescopeResults.parse(
    JSON.parse(REPORTERS.gradescope({ ...SAMPLE_RESULT, checks })),
  );
  expect(report.tests.map(({ visibility }) => visibility)).toEqual(['hidden', 'after_due_date']);
});

test.each(BOTH)('every line for GitHub is one command that its runner reads back', (result) => {
  const wrong = result.checks.filter(({ outcome }) => outcome !== 'passed');
  const lines = REPORTERS.github(result).trimEnd().split('\n');
  expect(lines).toHaveLength(wrong.length + 1);
  for (const [index, check] of wrong.entries()) {
    const command = readCommand(lines[index] ?? '');
    expect(Object.keys(command.properties)).toEqual(['title']);
    expect(command.properties['title']).toContain(check.title.split('\n')[0]);
    expect(command.message.split('\n')[0]).toBe(withoutControls(check.message).split('\n')[0]);
  }
});

/** As the runner reads `::level name=value::message`. */
function readCommand(line: string) {
  const [, level, list = '', message = ''] =
    /^::(error|warning|notice)(?: (.*?))?::(.*)$/.exec(line) ?? [];
  expect(level).toBeDefined();
  const data = (text: string) =>
    text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
  const property = (text: string) => data(text.replaceAll('%3A', ':').replaceAll('%2C', ','));
  const properties = Object.fromEntries(
    list.split(',').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), property(pair.slice(at + 1))];
    }),
  );
  return { properties, message: data(message) };
}

test('Markdown gives each table its rows and lets nothing through as markup', () => {
  const markdown = new MarkdownIt({ html: true, linkify: true });
  const sample = markdown.render(REPORTERS.markdown(SAMPLE_RESULT));
  expect(sample.match(/<tr>/g)).toHaveLength(1 + SAMPLE_RESULT.checks.length + 1 + 1);
  const hostile = markdown.render(REPORTERS.markdown(HOSTILE_RESULT));
  expect(hostile.match(/<tr>/g)).toHaveLength(4);
  expect(hostile).not.toMatch(/<(script|img|a|b)[ >]/);
  for (const row of hostile.split('</tr>').slice(0, -1)) {
    expect([4, 5]).toContain(row.match(/<t[dh][ >]/g)?.length);
  }
});

test('HTML shows what was wanted beside what was seen, and lets nothing through as markup', () => {
  const sample = REPORTERS.html(SAMPLE_RESULT);
  expect(sample).toContain('wanted: denied');
  expect(sample).toContain('seen: connected');
  expect(sample).not.toMatch(/<(script|link|img|iframe)|https?:/);
  const hostile = REPORTERS.html(HOSTILE_RESULT);
  expect(hostile).not.toMatch(/<(script|img|b)[ >]/);
  expect(hostile).toBe(withoutControls(hostile));
});

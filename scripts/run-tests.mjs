/**
 * `npm test`: all tests, quick ones first, and at the end proof that nothing is left on the machine. With arguments, only
 * the jest tests whose path matches: `npm test -- policy`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const patterns = process.argv.slice(2);
const reports = mkdtempSync(path.join(tmpdir(), 'test-reports-'));
/** @type {string[]} */
const failures = [];
const FAILURE_LINES = 12;
const COLOUR = /\u001b\[[0-9;]*m/g;

/** What a test could leave behind, by a name that a reader can act on. */
function leftovers() {
  const found = new Set();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .slice(0, 8)
        .join(' ')
        .trim();
      if (OURS.some((mark) => words.includes(mark)))
        found.add(`process ${pid}: ${words.slice(0, 120)}`);
    } catch {
      // It ended while we looked.
    }
  }
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const target = line.split(' ')[1] ?? '';
    if (/gatehouse|\/run\/netns/.test(target)) found.add(`mount ${target}`);
  }
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith('gatehouse-')) found.add(`folder ${path.join(tmpdir(), name)}`);
  }
  if (existsSync('/run/netns')) {
    for (const name of readdirSync('/run/netns')) found.add(`network namespace ${name}`);
  }
  return found;
}
const OURS = [
  'dist/native/',
  'dist/host.js',
  'dist/gatehouse.js',
  'bwrap ',
  'chromium',
  'scripts/gatehouse',
];

/** @param {string} title @param {string[]} args @param {Record<string, string>} env */
function runJest(title, args, env = {}) {
  console.log(`\n── ${title}`);
  const report = path.join(reports, `${title.replaceAll(' ', '-')}.json`);
  spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=DEP0040',
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${report}`,
      '--passWithNoTests',
      ...args,
    ],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } },
  );
  if (!existsSync(report)) {
    noteFailure(title, 'jest itself', 'It ended without a report.');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const result = JSON.parse(readFileSync(report, 'utf8'));
  for (const suite of result.testResults.filter(({ status }) => status === 'failed')) {
    const file = path.relative(ROOT, suite.name);
    const failed = suite.assertionResults.filter(({ status }) => status === 'failed');
    for (const test of failed) noteFailure(file, test.fullName, test.failureMessages.join('\n'));
    if (failed.length === 0) noteFailure(file, 'the file itself', suite.message);
  }
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/** Failures are told again at the end: a log of many minutes is often read, or kept, from its end alone. */
function noteFailure(file, title, message) {
  const lines = message
    .replaceAll(COLOUR, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/node_modules|node:internal/.test(line));
  const start = lines.slice(0, FAILURE_LINES).map((line) => `      ${line.slice(0, 200)}`);
  failures.push([`  ${file}`, `    ${title}`, ...start].join('\n'));
}

function runPages() {
  console.log('\n── pages in Chromium');
  const report = path.join(reports, 'pages.json');
  spawnSync(
    process.execPath,
    ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
    },
  );
  if (!existsSync(report)) {
    noteFailure('test/e2e', 'Playwright itself', 'It ended without a report.');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const { stats, suites, errors } = JSON.parse(readFileSync(report, 'utf8'));
  for (const { file, spec, error } of suites.flatMap((suite) => failedSpecs(suite)))
    noteFailure(path.join('test/e2e', file), spec, error);
  for (const error of errors) noteFailure('test/e2e', 'the run itself', error.message ?? '');
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
}

/** Of Playwright's report: its suites hold suites. */
function failedSpecs(suite) {
  const own = (suite.specs ?? [])
    .filter((spec) => !spec.ok)
    .map((spec) => ({
      file: spec.file,
      spec: spec.title,
      error: spec.tests
        .flatMap(({ results }) => results)
        .map(({ error }) => error?.message ?? '')
        .join('\n'),
    }));
  return [...own, ...(suite.suites ?? []).flatMap((inner) => failedSpecs(inner))];
}

const before = leftovers();
const startedAt = Date.now();
const results = [];
if (patterns.length > 0) {
  results.push(runJest('chosen tests', patterns));
} else {
  results.push(
    runJest('unit tests', [
      '--testPathIgnorePatterns',
      '/node_modules/',
      '/test/e2e/',
      '[.]cluster[.]test[.]ts$',
    ]),
  );
  results.push(
    runJest('cluster tests', ['--runInBand', '--testPathPatterns', '[.]cluster[.]test[.]ts$']),
  );
  results.push(runPages());
  const left = [...leftovers()].filter((item) => !before.has(item));
  console.log('\n── nothing is left on the machine');
  for (const item of left) {
    console.log(`  left behind: ${item}`);
    noteFailure('after all tests', 'left behind', item);
  }
  results.push({
    passed: left.length === 0 ? 1 : 0,
    failed: left.length === 0 ? 0 : 1,
    skipped: 0,
  });
}
rmSync(reports, { recursive: true, force: true });

const total = { passed: 0, failed: 0, skipped: 0 };
for (const result of results) {
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
}
if (failures.length > 0) console.log(`\n── what failed\n${failures.join('\n\n')}`);
console.log(`\nAll tests took ${Math.round((Date.now() - startedAt) / 1000)} s.`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;

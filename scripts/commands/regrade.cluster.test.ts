import { jest } from '@jest/globals';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { applyAnswer } from '../../graders/apply-answer.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import { joinAs, startTestServer } from '../../server/test-support/start-test-server.js';
import { findProjectRoot } from '../../system/project-root.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder, type TempFolder } from '../../system/temp-folder.js';
import {
  createEmbeddedUnderTest,
  type EmbeddedUnderTest,
} from '../../test/support/embedded-provider.js';

const LAB = '05-networking/09-deny-all';
const PATH = { from: 'dev-ns/{app=client}', to: 'prod-ns/{app=web}', expect: 'deny' };

jest.setTimeout(120_000);

let under: EmbeddedUnderTest;
let folder: TempFolder;
beforeAll(async () => {
  under = await createEmbeddedUnderTest();
  folder = await createTempFolder('regrade');
  await writeChangedLab(folder.path);
});
afterAll(async () => {
  await under[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The lab with other points for one check, one check less, and two more: about a path that was probed, and one that was not. */
async function writeChangedLab(to: string): Promise<void> {
  await cp(path.join(findProjectRoot(), 'labs', LAB), path.join(to, LAB), { recursive: true });
  const file = path.join(to, LAB, 'lab.yaml');
  const lab: { steps: { id: string; checks: { id: string; points: number }[] }[] } = parse(
    await readFile(file, 'utf8'),
  );
  const checks = lab.steps.find(({ id }) => id === 'close-ingress')?.checks ?? [];
  const closed = checks.find(({ id }) => id === 'closed');
  if (closed === undefined) throw new Error('the lab has another shape');
  closed.points = 7;
  checks.splice(0, checks.length, ...checks.filter(({ id }) => id !== 'every-pod'));
  checks.push(
    { ...closed, id: 'known', points: 1, ...rows(80) },
    { ...closed, id: 'unknown', points: 1, ...rows(443) },
  );
  await writeFile(file, stringify(lab));
}

const rows = (port: number) => ({ rows: [{ ...PATH, port }] });

/** The command itself, with the state of the clusters under test. */
async function gatehouse(args: readonly string[], { changedLab = false } = {}) {
  const { exitCode, stdout, stderr } = await runCommand(
    process.execPath,
    [path.join(findProjectRoot(), 'scripts/gatehouse'), '--state-dir', under.stateDir, ...args],
    { cwd: folder.path, env: changedLab ? { GATEHOUSE_LABS_DIR: folder.path } : {} },
  );
  return { exitCode, lines: stdout.split('\n'), stderr };
}

test('evidence of a real grade says the same again; by a changed lab, check by check, what it says now', async () => {
  const graded = await gatehouse(['grade', LAB, '--solution', '--evidence', 'e.json.gz']);
  expect(graded).toMatchObject({ exitCode: 0 });
  const regrade = ['regrade', '--evidence', 'e.json.gz'];
  expect(await gatehouse(regrade)).toMatchObject({
    exitCode: 0,
    lines: expect.arrayContaining([expect.stringMatching(/37 of 37 points, as before$/)]),
  });
  const differs = await gatehouse(regrade, { changedLab: true });
  expect(differs.exitCode).toBe(1);
  expect(differs.lines).toEqual([
    `e.json.gz, ${LAB}: passed, 37 of 37 points → inconclusive, 38 of 39 points`,
    expect.stringMatching(/^ {2}close-ingress\/closed: passed 5\/5 → passed 7\/7\. /),
    expect.stringMatching(/^ {2}close-ingress\/every-pod: passed 2\/2 → not there\. /),
    expect.stringMatching(/^ {2}close-ingress\/known: not there → passed 1\/1\. /),
    expect.stringMatching(
      /^ {2}close-ingress\/unknown: not there → inconclusive 0\/1\. .*no such packet/,
    ),
    expect.stringMatching(/^1 judged again: 1 differ, .* Nothing is written; --write does\.$/),
    '',
  ]);
  expect(await readdir(folder.path)).toEqual(['05-networking', 'e.json.gz']);
  expect((await gatehouse([...regrade, '--write'], { changedLab: true })).exitCode).toBe(0);
  expect((await gatehouse(['verify', 'e.json.gz.regraded-1.json'])).exitCode).toBe(0);
});

test('attempts of the page are kept signed and with evidence; a regrade is told before it is written beside them', async () => {
  const { stateDir, provider } = under;
  await using running = await startTestServer({ stateDir }, { provider });
  const ada = await joinAs(running, 'Ada');
  await ada.post(`/labs/${LAB}/session/start`);
  const isReady = async () =>
    (await ada.get(`/labs/${LAB}/look`)).text.includes('data-cluster="ready"');
  while (!(await isReady())) await sleep(100);
  const [info] = await provider.list();
  await using cluster = await provider.open(info?.name ?? '');
  const lab = findLab(await loadCatalog(path.join(findProjectRoot(), 'labs')), LAB);
  const solution = lab.steps.find(({ id }) => id === 'close-ingress')?.solution;
  if (solution === undefined) throw new Error('the lab has another shape');
  await applyAnswer(cluster, solution, { mustSucceed: true, what: 'the solution' });
  const checked = await ada.post(`/labs/${LAB}/steps/close-ingress/check`);
  expect(checked.status).toBeLessThan(400);

  const regrade = ['regrade', '--lab', LAB];
  const once = await gatehouse(regrade, { changedLab: true });
  expect(once.exitCode).toBe(1);
  expect(once.lines[0]).toBe(
    `attempt 1, ${LAB}: passed, 14 of 14 points → inconclusive, 15 of 16 points`,
  );
  expect(once.lines.join('\n')).not.toContain('left out');
  const written = await gatehouse([...regrade, '--write'], { changedLab: true });
  expect(written.lines).toContain(
    '  Stored beside the attempt of Ada. What counts is the best of close-ingress: 15 points.',
  );
  expect(await gatehouse(['regrade', '--attempt', '1'], { changedLab: true })).toMatchObject({
    exitCode: 0,
    lines: expect.arrayContaining([expect.stringContaining('15 of 16 points, as before')]),
  });
  expect(await gatehouse(['regrade', '--attempt', '1', '99'])).toMatchObject({
    exitCode: 3,
    lines: expect.arrayContaining([
      `attempt 1, ${LAB}: inconclusive, 15 of 16 points → passed, 14 of 14 points`,
      '  This is less than before: what was earned stays earned.',
      expect.stringContaining('attempt 99: left as it is, there is no attempt 99'),
    ]),
  });
});

test('wrong usage is said: nothing to judge, two things at once, and a file that is no evidence', async () => {
  expect((await gatehouse(['regrade'])).exitCode).toBe(2);
  expect((await gatehouse(['regrade', '--lab', LAB, '--attempt', '1'])).exitCode).toBe(2);
  expect((await gatehouse(['regrade', '--attempt', 'first'])).exitCode).toBe(2);
  await writeFile(path.join(folder.path, 'other.gz'), 'no gzip');
  const { exitCode, lines } = await gatehouse(['regrade', '--evidence', 'other.gz']);
  expect(exitCode).toBe(3);
  expect(lines[0]).toMatch(/^other\.gz: left as it is, the evidence cannot be read: /);
});

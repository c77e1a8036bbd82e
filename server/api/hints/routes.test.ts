import { findLab, loadCatalog } from '../../../labs/catalog.js';
import type { Lab } from '../../../common/lab.js';
import type { CheckResult } from '../../../common/verdict.js';
import { SAMPLE_RESULT } from '../../../graders/reporters/sample-result.js';
import { summarise } from '../../../graders/summarise.js';
import { openDatabase } from '../../database/open-database.js';
import { Hints } from '../../progress/hints.js';
import { storeAttempt } from '../../progress/attempts.js';
import {
  joinAs,
  startTestServer,
  type Browser,
  type TestServer,
} from '../../test-support/start-test-server.js';

const STEP = '/labs/05-networking/09-deny-all/close-ingress';
const HINTS = '/labs/05-networking/09-deny-all/steps/close-ingress/hints';

let running: TestServer;
let lab: Lab;
beforeAll(async () => {
  running = await startTestServer();
  lab = findLab(await loadCatalog('labs'), '05-networking/09-deny-all');
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** A learner whose check of the step came to this; the database is the server's own. */
async function learnerAfter(
  name: string,
  outcome: 'failed' | 'passed',
): Promise<{ browser: Browser; hints: (check: string) => string[] }> {
  const browser = await joinAs(running, name);
  await using database = await openDatabase(running.stateDir);
  const { id } = await database.query
    .selectFrom('users')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  const step = lab.steps.find((each) => each.id === 'close-ingress')!;
  const checks = step.definition.checks.map((check): CheckResult => ({
    id: check.id,
    title: check.title,
    step: step.id,
    outcome,
    points: { earned: outcome === 'passed' ? check.points : 0, possible: check.points },
    rationale: check.rationale,
    message: 'said',
    findings: [],
    hints: check.hints,
    tookMs: 1,
  }));
  await storeAttempt(database, {
    userId: id,
    lab: lab.id,
    step: step.id,
    labSessionId: 'x',
    createdAt: new Date().toISOString(),
    result: { ...SAMPLE_RESULT, checks, ...summarise(checks) },
  });
  return {
    browser,
    hints: (check) => [...step.definition.checks.find((each) => each.id === check)!.hints],
  };
}

/** As it stands in the page. */
const html = (text: string): string =>
  text.split('`')[0]!.replaceAll('"', '&#34;').replaceAll("'", '&#39;').trim().slice(0, 40);

test('the words of a hint leave the server only after it was opened, in order, and the price is asked about', async () => {
  const { browser, hints } = await learnerAfter('Ada', 'failed');
  const [first = '', second = ''] = hints('closed').map(html);
  const before = (await browser.get(STEP)).text;
  expect(before).toContain('Hint 1: where to look');
  expect(before).not.toContain(first);
  expect(before).not.toContain(second);

  expect((await browser.post(`${HINTS}/closed/2`, { confirmed: 'yes' })).status).toBe(400);
  expect((await browser.post(`${HINTS}/closed/1`)).status).toBe(303);
  const after = (await browser.get(STEP)).text;
  expect(after).toContain(first);
  expect(after).toMatch(/Hint 2: what to do .*costs 2 points/);
  expect(after).not.toContain(second);

  const asked = await browser.post(`${HINTS}/closed/2`);
  expect(asked.text).toContain('It costs 2 of the 5 points');
  expect((await browser.get(STEP)).text).not.toContain(second);
  const answer = await browser
    .post(`${HINTS}/closed/2`, { confirmed: 'yes' })
    .set('Accept', 'application/json');
  expect(answer.body).toMatchObject({ check: 'closed', html: expect.stringContaining(second) });
  expect((await browser.get(STEP)).text).toContain(second);
});

test('what was opened is kept with its price, once, and for nobody else', async () => {
  const { browser } = await learnerAfter('Bob', 'failed');
  await learnerAfter('Eve', 'failed');
  for (const tier of [1, 2, 2]) await browser.post(`${HINTS}/closed/${tier}`, { confirmed: 'yes' });
  await using database = await openDatabase(running.stateDir);
  const users = await database.query.selectFrom('users').select(['id', 'name']).execute();
  const openedBy = (name: string) =>
    new Hints(database).opened(users.find((user) => user.name === name)!.id, lab.id);
  expect(await openedBy('Bob')).toEqual([
    { check: 'closed', tier: 1, cost: 0 },
    { check: 'closed', tier: 2, cost: 2 },
  ]);
  expect(await openedBy('Eve')).toEqual([]);
});

test.each([
  ['a check of another step', 'who-reaches/1', 404],
  ['a tier that is not there', 'closed/3', 404],
  ['a tier that is no number', 'closed/x', 404],
])('%s has no hint', async (_, path, status) => {
  const { browser } = await learnerAfter(`Learner ${path.replace('/', ' ')}`, 'failed');
  expect((await browser.post(`${HINTS}/${path}`, { confirmed: 'yes' })).status).toBe(status);
});

test('before the first try there is no hint, and where the work is done none is offered', async () => {
  const stranger = await joinAs(running, 'Zoe');
  expect((await stranger.post(`${HINTS}/closed/1`)).text).toContain('Press Check first');
  const { browser } = await learnerAfter('Max', 'passed');
  expect((await browser.get(STEP)).text).not.toContain('Hint 1: where to look');
});

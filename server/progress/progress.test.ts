import { sql } from 'kysely';
import type { Lab } from '../../common/lab.js';
import { SILENT } from '../../common/logger.js';
import type { LabResult } from '../../common/verdict.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { openDatabase, type Database } from '../database/open-database.js';
import { Identity } from '../identity/identity.js';
import type { Attempt } from './attempts.js';
import { scoreOf } from './lab-score.js';
import { Progress } from './progress.js';
import { findAttempt, storeRegrade } from './regrades.js';

const LAB = '05-networking/09-deny-all';

async function openProgress() {
  const folder = await createTempFolder('progress');
  const database = await openDatabase(folder.path);
  const identity = new Identity(database, { signInDays: 1 });
  const { id: userId } = await identity.createUser('Ada', 'learner');
  const progress = new Progress(database, { logger: SILENT });
  return {
    database,
    progress,
    userId,
    async [Symbol.asyncDispose]() {
      await progress[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function attempt(
  userId: string,
  {
    earned,
    outcome,
    padding = 0,
  }: { earned: number; outcome: LabResult['outcome']; padding?: number },
): Attempt {
  return {
    userId,
    lab: LAB,
    step: 'close',
    labSessionId: 'session',
    createdAt: new Date().toISOString(),
    result: {
      version: 1,
      lab: LAB,
      labDigest: 'sha256:0',
      graderVersion: '1',
      platformVersion: '1',
      provider: 'embedded',
      cluster: 'x'.repeat(padding),
      startedAt: new Date().toISOString(),
      endedAt: new Date().toISOString(),
      tookMs: 1,
      outcome,
      points: { earned, possible: 12 },
      checks: [],
    },
  };
}

/** Lets the database grow no more, or lets it grow again. */
async function setFull(database: Database, isFull: boolean): Promise<void> {
  await sql.raw(`pragma max_page_count = ${isFull ? 1 : 1_000_000}`).execute(database.query);
}

test('a retry never lowers the best score, and the latest attempt is the one that is shown', async () => {
  await using store = await openProgress();
  const { progress, userId } = store;
  await progress.record(attempt(userId, { earned: 8, outcome: 'failed' }));
  await progress.record(attempt(userId, { earned: 3, outcome: 'failed' }));
  expect(await progress.list({ userId })).toMatchObject([
    { step: 'close', bestEarned: 8, attempts: 2, lastOutcome: 'failed' },
  ]);
  const latest = await progress.latestAttempt(userId, LAB, 'close');
  expect(latest?.result.points.earned).toBe(3);
});

test('a step that was passed stays passed when a later attempt fails or cannot be told', async () => {
  await using store = await openProgress();
  const { progress, userId } = store;
  await progress.record(attempt(userId, { earned: 12, outcome: 'passed' }));
  await progress.record(attempt(userId, { earned: 0, outcome: 'inconclusive' }));
  await progress.record(attempt(userId, { earned: 0, outcome: 'failed' }));
  const [step] = await progress.list({ userId });
  expect(step).toMatchObject({ bestEarned: 12, attempts: 2 });
  expect(step?.passedAt).toBeDefined();
});

test('a step that was passed with help counts what the hints left, also after the lab changed its points', async () => {
  await using store = await openProgress();
  const { progress, userId } = store;
  await progress.record(attempt(userId, { earned: 9, outcome: 'passed' }));
  const rows = await progress.list({ userId });
  const scored = (points: number) => {
    const step = { id: 'close', title: 'Close', definition: { checks: [{ points }] } };
    return scoreOf({ id: LAB, steps: [step] } as unknown as Lab, rows);
  };
  expect(scored(12)).toMatchObject({ earned: 9, possible: 12, passed: 1, state: 'done' });
  expect(scored(20)).toMatchObject({ earned: 17, possible: 20 });
});

test('what could not be told is shown as the latest, and is no try', async () => {
  await using store = await openProgress();
  const { progress, userId } = store;
  await progress.record(attempt(userId, { earned: 0, outcome: 'inconclusive' }));
  expect(await progress.list({ userId })).toMatchObject([
    { attempts: 0, lastOutcome: 'inconclusive' },
  ]);
  const latest = await progress.latestAttempt(userId, LAB, 'close');
  expect(latest?.result.outcome).toBe('inconclusive');
});

test('what could not be told is kept and uses up no attempt, whether it comes first or later', async () => {
  await using store = await openProgress();
  const { progress, userId, database } = store;
  await progress.record(attempt(userId, { earned: 2, outcome: 'inconclusive' }));
  expect(await progress.list({ userId })).toMatchObject([{ bestEarned: 2, attempts: 0 }]);
  await progress.record(attempt(userId, { earned: 5, outcome: 'failed' }));
  await progress.record(attempt(userId, { earned: 0, outcome: 'inconclusive' }));
  expect(await progress.list({ userId })).toMatchObject([{ bestEarned: 5, attempts: 1 }]);
  const kept = await database.query.selectFrom('attempts').select('outcome').execute();
  expect(kept.map(({ outcome }) => outcome)).toEqual(['inconclusive', 'failed', 'inconclusive']);
});

test('whoever keeps evidence within its limits is told how much of it was stored', async () => {
  await using store = await openProgress();
  const told: number[] = [];
  await using progress = new Progress(store.database, {
    logger: SILENT,
    onEvidence: (bytes) => told.push(bytes),
  });
  const one = attempt(store.userId, { earned: 12, outcome: 'passed' });
  await progress.record(one);
  await progress.record({ ...one, evidence: { digest: 'sha256:0', content: Buffer.alloc(7) } });
  expect(told).toEqual([7]);
});

test('an attempt is stored with its evidence; a full disk costs the evidence, not the grade', async () => {
  await using store = await openProgress();
  const { progress, userId, database } = store;
  const one = attempt(userId, { earned: 12, outcome: 'passed' });
  const content = Buffer.from([31, 139, 0, 255]);
  await progress.record({ ...one, evidence: { digest: 'sha256:0', content } });
  const rows = await database.query.selectFrom('evidence').selectAll().execute();
  expect(rows.map((row) => ({ ...row, content: Buffer.from(row.content) }))).toEqual([
    { attempt_id: 1, digest: 'sha256:0', content },
  ]);
  const { pages } = await pageCount(database);
  await sql.raw(`pragma max_page_count = ${pages + 2}`).execute(database.query);
  const large = { digest: 'sha256:1', content: Buffer.alloc(500_000, 7) };
  expect(await progress.record({ ...one, evidence: large })).toEqual({ isStored: true });
  expect(await progress.list({ userId })).toMatchObject([{ attempts: 2 }]);
  expect(await database.query.selectFrom('evidence').select('digest').execute()).toHaveLength(1);
});

test('a regrade stands beside its attempt: it is what is shown, raises the best score, and never lowers it', async () => {
  await using store = await openProgress();
  const { progress, userId, database } = store;
  await progress.record(attempt(userId, { earned: 8, outcome: 'failed' }));
  const regraded = async (earned: number, outcome: LabResult['outcome']): Promise<number> => {
    const standing = await findAttempt(database, 1);
    if (standing === undefined) throw new Error('there is no attempt');
    return storeRegrade(database, standing, attempt(userId, { earned, outcome }).result);
  };
  expect(await regraded(3, 'failed')).toBe(8);
  expect(await progress.list({ userId })).toMatchObject([
    { bestEarned: 8, attempts: 1, passedAt: undefined },
  ]);
  expect((await progress.latestAttempt(userId, LAB, 'close'))?.result.points.earned).toBe(3);
  expect(await regraded(12, 'passed')).toBe(12);
  expect(await regraded(0, 'inconclusive')).toBe(12);
  const [step] = await progress.list({ userId });
  expect(step).toMatchObject({ bestEarned: 12, attempts: 1, lastOutcome: 'failed' });
  expect(step?.passedAt).toBeDefined();
  const kept = await database.query.selectFrom('attempts').select('earned').execute();
  expect(kept).toEqual([{ earned: 8 }]);
  expect(await database.query.selectFrom('regrades').select('earned').execute()).toHaveLength(3);
});

async function pageCount(database: Database): Promise<{ pages: number }> {
  const { rows } = await sql<{
    pages: number;
  }>`select page_count as pages from pragma_page_count`.execute(database.query);
  return rows[0] ?? { pages: 0 };
}

test('a full disk loses no grade: it counts at once, and is stored when there is room', async () => {
  await using store = await openProgress();
  const { progress, userId, database } = store;
  await setFull(database, true);
  const padding = 2_000_000;
  const answer = await progress.record(attempt(userId, { earned: 12, outcome: 'passed', padding }));
  expect(answer.isStored).toBe(false);
  expect(progress.waiting).toBe(1);
  expect(await progress.list({ userId, lab: LAB })).toMatchObject([{ bestEarned: 12 }]);
  expect(await progress.latestAttempt(userId, LAB, 'close')).toMatchObject({ isStored: false });
  await setFull(database, false);
  await progress[Symbol.asyncDispose]();
  expect(progress.waiting).toBe(0);
  expect(await progress.latestAttempt(userId, LAB, 'close')).toMatchObject({ isStored: true });
});

test('answers are replaced one by one and come back as they were given', async () => {
  await using store = await openProgress();
  const { progress, userId } = store;
  await progress.saveAnswers(userId, LAB, { who: ['a', 'b'], port: '80' });
  await progress.saveAnswers(userId, LAB, { port: '81' });
  expect(await progress.answers(userId, LAB)).toEqual({ who: ['a', 'b'], port: '81' });
});

import { jest } from '@jest/globals';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { SILENT } from '../../common/logger.js';
import { findProjectRoot } from '../../system/project-root.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { openDatabase, type Database } from '../database/open-database.js';
import { EvidenceKeeper } from './evidence-keeper.js';
import { pruneEvidence } from './prune-evidence.js';

// The command itself is a process of its own.
jest.setTimeout(60_000);

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const LIMITS = { days: 30, bytes: 1_000_000 };

interface Made {
  user?: string;
  step?: string;
  daysAgo?: number;
  earned?: number;
  /** Of its evidence; 0 for none. */
  bytes?: number;
}

/** A database with these attempts, numbered from 1. */
async function withAttempts(all: readonly Made[]) {
  const folder = await createTempFolder('evidence');
  const database = await openDatabase(folder.path);
  await database.query.transaction().execute(async (query) => {
    for (const id of new Set(all.map(({ user = 'ada' }) => user))) {
      const row = { id, name: id, role: 'learner', class_id: null, created_at: '' };
      await query.insertInto('users').values(row).execute();
    }
    for (const [index, made] of all.entries()) {
      const { user = 'ada', step = 'close', daysAgo = 0, earned = 0, bytes = 100 } = made;
      const points = { earned, possible: 10 };
      const createdAt = new Date(NOW - daysAgo * DAY_MS).toISOString();
      await query
        .insertInto('attempts')
        .values({
          ...{ id: index + 1, user_id: user, lab: 'lab', step, lab_session_id: 's' },
          ...{ created_at: createdAt, outcome: 'failed', lab_digest: '', result: '{}', ...points },
        })
        .execute();
      if (bytes === 0) continue;
      const content = Buffer.alloc(bytes, 7);
      const evidence = { attempt_id: index + 1, digest: 'sha256:0', content };
      await query.insertInto('evidence').values(evidence).execute();
    }
  });
  return {
    database,
    stateDir: folder.path,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function idsIn(database: Database, table: 'evidence' | 'removed_evidence') {
  const rows = await database.query
    .selectFrom(table)
    .select('attempt_id')
    .orderBy('attempt_id')
    .execute();
  return rows.map(({ attempt_id: id }) => id);
}

test('what is older than the limit goes, but the best and the latest of each learner at each step stay', async () => {
  await using store = await withAttempts([
    { daysAgo: 90, earned: 3 },
    { daysAgo: 80, earned: 8 },
    { daysAgo: 70, earned: 8 },
    { daysAgo: 60, earned: 1 },
    { daysAgo: 90, step: 'open' },
    { daysAgo: 90, user: 'bob' },
    { daysAgo: 10, user: 'bob', earned: 1 },
    { daysAgo: 5, user: 'bob' },
    { daysAgo: 4, user: 'bob' },
  ]);
  const { database } = store;
  const pruned = await pruneEvidence(database, { limits: LIMITS, now: NOW });
  expect(pruned).toEqual({
    removed: { attempts: 3, bytes: 300 },
    left: { attempts: 6, bytes: 600 },
    alwaysKept: { attempts: 5, bytes: 500 },
  });
  expect(await idsIn(database, 'evidence')).toEqual([2, 4, 5, 7, 8, 9]);
  expect(await idsIn(database, 'removed_evidence')).toEqual([1, 3, 6]);
  const attempts = await database.query.selectFrom('attempts').select('result').execute();
  expect(attempts).toHaveLength(9);
  expect((await pruneEvidence(database, { limits: LIMITS, now: NOW })).removed.attempts).toBe(0);
});

test('where it is too much altogether, the oldest go first, and what is always kept may be more than the limit', async () => {
  await using store = await withAttempts([
    { daysAgo: 6, earned: 5 },
    { daysAgo: 5 },
    { daysAgo: 4 },
    { daysAgo: 3 },
    { daysAgo: 2 },
  ]);
  const { database } = store;
  await pruneEvidence(database, { limits: { days: 30, bytes: 350 }, now: NOW });
  expect(await idsIn(database, 'evidence')).toEqual([1, 4, 5]);
  const { left } = await pruneEvidence(database, { limits: { days: 30, bytes: 1 }, now: NOW });
  expect(await idsIn(database, 'evidence')).toEqual([1, 5]);
  expect(left).toEqual({ attempts: 2, bytes: 200 });
});

test('a regrade that is worth most makes its attempt the best; without evidence of the best, the next one stays', async () => {
  await using store = await withAttempts([
    { daysAgo: 90, earned: 2 },
    { daysAgo: 80, earned: 5 },
    { daysAgo: 70, earned: 9, bytes: 0 },
    { daysAgo: 60 },
  ]);
  const { database } = store;
  await sql`insert into regrades (attempt_id, created_at, outcome, earned, possible, lab_digest, grader_version, result)
    values (1, '', 'failed', 7, 10, '', '', '{}')`.execute(database.query);
  await pruneEvidence(database, { limits: LIMITS, now: NOW });
  expect(await idsIn(database, 'evidence')).toEqual([1, 4]);
});

test('a grade that comes while evidence is removed is stored before that is done', async () => {
  const old = { daysAgo: 90, bytes: 1000 };
  await using store = await withAttempts(Array.from({ length: 1000 }, () => old));
  const { database } = store;
  const order: string[] = [];
  const pruning = pruneEvidence(database, { limits: LIMITS, now: NOW }).then(() => {
    order.push('pruned');
  });
  while ((await idsIn(database, 'removed_evidence')).length === 0) await sleep(1);
  await database.write((query) =>
    query.insertInto('settings').values({ key: 'grade', value: '1' }).execute(),
  );
  order.push('stored');
  await pruning;
  expect(order).toEqual(['stored', 'pruned']);
  expect(await idsIn(database, 'evidence')).toEqual([1, 1000]);
});

test('a process that is killed in the middle leaves evidence whole or gone, and the next one goes on', async () => {
  const old = { daysAgo: 900, bytes: 3000 };
  await using store = await withAttempts(Array.from({ length: 1000 }, () => old));
  const { database, stateDir } = store;
  const killed = new AbortController();
  const { signal } = killed;
  const command = [...gatehouse(stateDir), 'evidence', '--prune'];
  const pruning = runCommand(process.execPath, command, { signal }).catch(() => undefined);
  while ((await idsIn(database, 'removed_evidence')).length === 0) await sleep(1);
  killed.abort();
  await pruning;
  const [kept, removed] = [
    await idsIn(database, 'evidence'),
    await idsIn(database, 'removed_evidence'),
  ];
  expect(removed.length).toBeGreaterThan(0);
  expect([...kept, ...removed].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, index) => index + 1),
  );
  const { rows } = await sql`pragma integrity_check`.execute(database.query);
  expect(rows).toEqual([{ integrity_check: 'ok' }]);
  const again = await runCommand(process.execPath, command);
  expect(again.stdout).toMatch(/^kept +2 attempts, 0\.0 MB; the limit is 1024 MB$/m);
  expect(await idsIn(database, 'evidence')).toEqual([1, 1000]);
  const attempts = await database.query.selectFrom('attempts').select('id').execute();
  expect(attempts).toHaveLength(1000);
});

test('the server removes it soon after it starts, and at once when much came in', async () => {
  const large = { daysAgo: 5, bytes: 100 };
  await using store = await withAttempts([large, large, large]);
  const { database } = store;
  const logger = SILENT;
  const keeping = { limits: { days: 1e5, bytes: 250 }, logger, everyMs: DAY_MS };
  {
    await using keeper = new EvidenceKeeper(database, { ...keeping, firstAfterMs: DAY_MS });
    keeper.stored(10);
    await sleep(50);
    expect(await idsIn(database, 'evidence')).toEqual([1, 2, 3]);
    keeper.stored(10);
    await keeper.prune();
    expect(await idsIn(database, 'evidence')).toEqual([1, 3]);
  }
  const row = { attempt_id: 2, digest: '', content: Buffer.alloc(100) };
  await database.query.insertInto('evidence').values(row).execute();
  await database.query.deleteFrom('removed_evidence').execute();
  await using keeper = new EvidenceKeeper(database, { ...keeping, firstAfterMs: 0 });
  while ((await idsIn(database, 'evidence')).length > 2) await sleep(5);
  keeper.stored(0);
});

function gatehouse(stateDir: string): string[] {
  return [path.join(findProjectRoot(), 'scripts/gatehouse'), '--state-dir', stateDir];
}

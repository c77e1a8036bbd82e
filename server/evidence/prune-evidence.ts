import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from '../database/open-database.js';
import type { Tables } from '../database/schema.js';
import { attemptsWithEvidence, surveyEvidence, type PlacedAttempt } from './survey-evidence.js';
import { alwaysKept, chooseRemovable, sumOf, type EvidenceLimits } from './which-to-remove.js';

export interface PruneOptions {
  limits: EvidenceLimits;
  /** Milliseconds since the epoch. */
  now?: number;
  /** Between two transactions: what is removed by then stays removed. */
  signal?: AbortSignal;
}

export interface Pruned {
  removed: { attempts: number; bytes: number };
  /** What is there now. */
  left: { attempts: number; bytes: number };
  /** Of that, what is kept whatever the limits are. */
  alwaysKept: { attempts: number; bytes: number };
}

/** Of one transaction: whoever wants to store a grade meanwhile waits for no more than these. */
const MOST_AT_ONCE = { attempts: 20, bytes: 1024 * 1024 };

/**
 * Removes evidence that is older or more than the limits say, except what is always kept; attempts and results stay. Goes
 * in small transactions, each whole or not at all, so a crash in between leaves nothing half removed and the next call goes on.
 */
export async function pruneEvidence(
  database: Database,
  { limits, now = Date.now(), signal }: PruneOptions,
): Promise<Pruned> {
  const survey = await surveyEvidence(database.query, signal);
  const removable = chooseRemovable(survey.others, { limits, totalBytes: survey.bytes, now });
  const removed = { attempts: 0, bytes: 0 };
  const removedAt = new Date(now).toISOString();
  for (const batch of batchesOf(removable)) {
    signal?.throwIfAborted();
    // Essential: it makes room for grades in the database where the disk has none.
    const gone = await database.write(
      (query) =>
        query
          .transaction()
          .execute((transaction) => removeBatch(transaction, { batch, removedAt })),
      { essential: true },
    );
    removed.attempts += gone.length;
    removed.bytes += sumOf(gone);
    await nextTurn();
  }
  return {
    removed,
    left: {
      attempts: survey.attempts - removed.attempts,
      bytes: survey.bytes - removed.bytes,
    },
    alwaysKept: survey.alwaysKept,
  };
}

/** Resolves with those that went: a regrade may have made one of them the best since they were chosen. */
async function removeBatch(
  transaction: Kysely<Tables>,
  { batch, removedAt }: { batch: readonly PlacedAttempt[]; removedAt: string },
): Promise<PlacedAttempt[]> {
  const ids = batch.map(({ id }) => id);
  // Written first, read then: nobody else writes in between. What another process removed meanwhile is not there any more.
  await transaction
    .insertInto('removed_evidence')
    .columns(['attempt_id', 'removed_at'])
    .expression((query) =>
      query
        .selectFrom('evidence')
        .select(['attempt_id', query.val(removedAt).as('removed_at')])
        .where('attempt_id', 'in', ids),
    )
    .execute();
  const kept = await alwaysKeptOf(transaction, batch);
  await transaction.deleteFrom('removed_evidence').where('attempt_id', 'in', kept).execute();
  const gone = batch.filter(({ id }) => !kept.includes(id));
  await transaction
    .deleteFrom('evidence')
    .where(
      'attempt_id',
      'in',
      gone.map(({ id }) => id),
    )
    .execute();
  return gone;
}

async function alwaysKeptOf(
  query: Kysely<Tables>,
  batch: readonly PlacedAttempt[],
): Promise<number[]> {
  const places = new Map(
    batch.map((one) => [JSON.stringify([one.userId, one.lab, one.step]), one]),
  );
  const kept: number[] = [];
  for (const place of places.values()) {
    kept.push(...alwaysKept(await attemptsWithEvidence(query, place)));
  }
  return kept;
}

function* batchesOf(attempts: readonly PlacedAttempt[]): Generator<PlacedAttempt[]> {
  let batch: PlacedAttempt[] = [];
  for (const one of attempts) {
    const isFull =
      batch.length >= MOST_AT_ONCE.attempts || sumOf(batch) + one.bytes > MOST_AT_ONCE.bytes;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
    }
    batch.push(one);
  }
  if (batch.length > 0) yield batch;
}

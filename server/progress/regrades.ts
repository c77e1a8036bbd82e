import { sql } from 'kysely';
import type { LabResult } from '../../common/verdict.js';
import type { Database } from '../database/open-database.js';
import { columnsOf, readBest } from './attempts.js';
import { raiseScore } from './best-score.js';

/** An attempt as it stands now. */
export interface StandingAttempt {
  id: number;
  user: { id: string; name: string };
  lab: string;
  step: string;
  /** Of its latest regrade, or of itself: a signed `LabResult` as JSON. */
  result: string;
  /** `Evidence` as JSON in gzip; absent where it was not kept. */
  evidence: Buffer | undefined;
  /** When its evidence was removed, ISO 8601; undefined where it is there or never was. */
  evidenceRemovedAt: string | undefined;
}

/** Ids of all attempts at a lab, oldest first. */
export async function attemptsOf(database: Database, lab: string): Promise<number[]> {
  const rows = await database.query
    .selectFrom('attempts')
    .select('id')
    .where('lab', '=', lab)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

export async function findAttempt(
  database: Database,
  id: number,
): Promise<StandingAttempt | undefined> {
  const row = await database.query
    .selectFrom('attempts')
    .innerJoin('users', 'users.id', 'attempts.user_id')
    .leftJoin('evidence', 'evidence.attempt_id', 'attempts.id')
    .select(['attempts.id', 'attempts.user_id', 'users.name', 'attempts.lab', 'attempts.step'])
    .leftJoin('removed_evidence', 'removed_evidence.attempt_id', 'attempts.id')
    .select(['evidence.content', 'removed_evidence.removed_at', standingResult])
    .where('attempts.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    user: { id: row.user_id, name: row.name },
    lab: row.lab,
    step: row.step,
    result: row.result,
    evidence: row.content === null ? undefined : Buffer.from(row.content),
    evidenceRemovedAt: row.removed_at ?? undefined,
  };
}

/** What an attempt was judged to be last. For queries over `attempts`. */
export const standingResult = sql<string>`coalesce(
  (select regrades.result from regrades where regrades.attempt_id = attempts.id order by regrades.id desc limit 1),
  attempts.result)`.as('result');

/**
 * Stores a regrade beside its attempt, and moves the step's best score where it is more, both or neither. The score that
 * counts is the best of all attempts and all their regrades: none of them ever lowers it. Resolves with that score.
 */
export async function storeRegrade(
  database: Database,
  attempt: StandingAttempt,
  result: LabResult,
): Promise<number> {
  const { outcome, points, labDigest, graderVersion, endedAt } = result;
  return database.write(
    (query) =>
      query.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('regrades')
          .values({
            attempt_id: attempt.id,
            created_at: endedAt,
            outcome,
            earned: points.earned,
            possible: points.possible,
            lab_digest: labDigest,
            grader_version: graderVersion,
            result: JSON.stringify(result),
          })
          .execute();
        const place = { userId: attempt.user.id, lab: attempt.lab, step: attempt.step };
        const best = raiseScore(await readBest(transaction, place), result, endedAt);
        await transaction
          .updateTable('step_progress')
          .set({ ...columnsOf(best), updated_at: endedAt })
          .where('user_id', '=', place.userId)
          .where('lab', '=', place.lab)
          .where('step', '=', place.step)
          .execute();
        return best.earned;
      }),
    { essential: true },
  );
}

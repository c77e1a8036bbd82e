import type { Kysely } from 'kysely';
import type { LabResult } from '../../common/verdict.js';
import type { SealedEvidence } from '../../graders/evidence/seal.js';
import type { Database } from '../database/open-database.js';
import type { Tables } from '../database/schema.js';
import { raiseScore, type BestScore } from './best-score.js';

export interface Attempt {
  userId: string;
  lab: string;
  step: string;
  labSessionId: string;
  createdAt: string;
  /** Of this step's checks alone. */
  result: LabResult;
  /** Absent where it was more than is kept. */
  evidence?: SealedEvidence | undefined;
}

/**
 * Stores an attempt and moves the step's best score, both or neither; resolves with the attempt's id. A retry never lowers
 * the best score. What could not be told (`inconclusive`) is kept and uses up no attempt; points it did earn count.
 */
export async function storeAttempt(database: Database, attempt: Attempt): Promise<number> {
  const { userId, lab, step, createdAt, result } = attempt;
  return database.write(
    (query) =>
      query.transaction().execute(async (transaction) => {
        const { insertId } = await transaction
          .insertInto('attempts')
          .values({
            user_id: userId,
            lab,
            step,
            lab_session_id: attempt.labSessionId,
            created_at: createdAt,
            outcome: result.outcome,
            earned: result.points.earned,
            possible: result.points.possible,
            lab_digest: result.labDigest,
            result: JSON.stringify(result),
          })
          .executeTakeFirstOrThrow();
        // Written first, read then: nobody else writes in between.
        const best = raiseScore(await readBest(transaction, attempt), result, createdAt);
        const columns = { ...columnsOf(best), last_outcome: result.outcome, updated_at: createdAt };
        await transaction
          .insertInto('step_progress')
          .values({ user_id: userId, lab, step, attempts: triesOf(result), ...columns })
          .onConflict((conflict) =>
            conflict.columns(['user_id', 'lab', 'step']).doUpdateSet((set) => ({
              ...columns,
              attempts: set.eb(set.ref('step_progress.attempts'), '+', triesOf(result)),
            })),
          )
          .execute();
        return Number(insertId);
      }),
    { essential: true },
  );
}

/** The score of a learner's step that counts until now. */
export async function readBest(
  query: Kysely<Tables>,
  { userId, lab, step }: Pick<Attempt, 'userId' | 'lab' | 'step'>,
): Promise<BestScore | undefined> {
  const row = await query
    .selectFrom('step_progress')
    .select(['best_earned', 'possible', 'passed_at'])
    .where('user_id', '=', userId)
    .where('lab', '=', lab)
    .where('step', '=', step)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { best_earned: earned, possible, passed_at: passedAt } = row;
  return { earned, possible, passedAt: passedAt ?? undefined };
}

export function columnsOf({ earned, possible, passedAt }: BestScore) {
  return { best_earned: earned, possible, passed_at: passedAt ?? null };
}

/** A fault of ours, or a cluster that was still changing, uses up no try. */
export function triesOf({ outcome }: LabResult): 0 | 1 {
  return outcome === 'inconclusive' ? 0 : 1;
}

/** Rejects with DISK_FULL: the room that is left then belongs to grades. */
export async function storeEvidence(
  database: Database,
  attemptId: number,
  { digest, content }: SealedEvidence,
): Promise<void> {
  await database.write((query) =>
    query.insertInto('evidence').values({ attempt_id: attemptId, digest, content }).execute(),
  );
}

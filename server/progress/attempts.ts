import type { LabResult } from '../../common/verdict.js';
import type { SealedEvidence } from '../../graders/evidence/seal.js';
import type { Database } from '../database/open-database.js';

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
  const isPassed = result.outcome === 'passed';
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
        await transaction
          .insertInto('step_progress')
          .values({
            user_id: userId,
            lab,
            step,
            best_earned: result.points.earned,
            possible: result.points.possible,
            attempts: triesOf(result),
            last_outcome: result.outcome,
            passed_at: isPassed ? createdAt : null,
            updated_at: createdAt,
          })
          .onConflict((conflict) =>
            conflict.columns(['user_id', 'lab', 'step']).doUpdateSet((set) => ({
              best_earned: set.fn('max', [
                set.ref('step_progress.best_earned'),
                set.ref('excluded.best_earned'),
              ]),
              possible: set.ref('excluded.possible'),
              attempts: set.eb(set.ref('step_progress.attempts'), '+', triesOf(result)),
              last_outcome: set.ref('excluded.last_outcome'),
              passed_at: set.fn.coalesce(
                set.ref('step_progress.passed_at'),
                set.ref('excluded.passed_at'),
              ),
              updated_at: set.ref('excluded.updated_at'),
            })),
          )
          .execute();
        return Number(insertId);
      }),
    { essential: true },
  );
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

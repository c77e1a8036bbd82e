import type { LabResult } from '../../common/verdict.js';
import type { Database } from '../database/open-database.js';

export interface Attempt {
  userId: string;
  lab: string;
  step: string;
  labSessionId: string;
  createdAt: string;
  /** Of this step's checks alone. */
  result: LabResult;
}

/**
 * Stores an attempt and moves the step's best score, both or neither. A retry never lowers the best score, and what
 * could not be told (`inconclusive`) is kept, but does not count as a try.
 */
export async function storeAttempt(database: Database, attempt: Attempt): Promise<void> {
  const { userId, lab, step, createdAt, result } = attempt;
  const isPassed = result.outcome === 'passed';
  const tries = triesOf(result);
  await database.write(
    (query) =>
      query.transaction().execute(async (transaction) => {
        await transaction
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
          .execute();
        await transaction
          .insertInto('step_progress')
          .values({
            user_id: userId,
            lab,
            step,
            best_earned: result.points.earned,
            possible: result.points.possible,
            attempts: tries,
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
              attempts: set.eb(set.ref('step_progress.attempts'), '+', tries),
              last_outcome: set.ref('excluded.last_outcome'),
              passed_at: set.fn.coalesce(
                set.ref('step_progress.passed_at'),
                set.ref('excluded.passed_at'),
              ),
              updated_at: set.ref('excluded.updated_at'),
            })),
          )
          .execute();
      }),
    { essential: true },
  );
}

/** A fault of ours, or a cluster that was still changing, uses up no try. */
export function triesOf({ outcome }: LabResult): 0 | 1 {
  return outcome === 'inconclusive' ? 0 : 1;
}

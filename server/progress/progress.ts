import { GatehouseError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { LabResult } from '../../common/verdict.js';
import type { SealedEvidence } from '../../graders/evidence/seal.js';
import type { Database } from '../database/open-database.js';
import { storeAttempt, storeEvidence, triesOf, type Attempt } from './attempts.js';
import { raiseScore } from './best-score.js';
import { standingResult } from './regrades.js';

export interface StepProgress {
  userId: string;
  lab: string;
  step: string;
  bestEarned: number;
  possible: number;
  attempts: number;
  lastOutcome: LabResult['outcome'];
  passedAt: string | undefined;
  /** When the step was checked or judged again last. */
  checkedAt: string;
}

interface ProgressFilter {
  userId?: string;
  lab?: string;
}

export interface StoredAttempt {
  createdAt: string;
  result: LabResult;
  /** False while the disk is full: the server holds it in memory and stores it as soon as there is room. */
  isStored: boolean;
}

export type AnswerValue = string | string[];

const RETRY_MS = 5000;

/** What learners have done: every attempt with its evidence, the best score of each step, their answers. */
export class Progress implements AsyncDisposable {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #onEvidence: (bytes: number) => void;
  #unstored: Attempt[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onEvidence` is told of each piece of evidence that was stored, in bytes. */
  constructor(
    database: Database,
    {
      logger,
      onEvidence = () => undefined,
    }: { logger: Logger; onEvidence?: (bytes: number) => void },
  ) {
    this.#database = database;
    this.#logger = logger;
    this.#onEvidence = onEvidence;
  }

  /**
   * Never rejects for a full disk: the attempt is then kept in memory, and the answer says so; only its evidence is lost.
   */
  async record({ evidence, ...attempt }: Attempt): Promise<{ isStored: boolean }> {
    try {
      const id = await storeAttempt(this.#database, attempt);
      if (evidence !== undefined) await this.#keepEvidence(id, evidence);
      return { isStored: true };
    } catch (error) {
      if (!isDiskFullError(error)) throw error;
      this.#logger.error('the disk is full, a grade waits in memory', {
        user: attempt.userId,
        lab: attempt.lab,
        waiting: this.#unstored.length + 1,
      });
      this.#unstored.push(attempt);
      this.#retryLater();
      return { isStored: false };
    }
  }

  async #keepEvidence(attemptId: number, evidence: SealedEvidence): Promise<void> {
    try {
      await storeEvidence(this.#database, attemptId, evidence);
      this.#onEvidence(evidence.content.length);
    } catch (error) {
      if (!isDiskFullError(error)) throw error;
      this.#logger.error('the disk is full, the evidence of an attempt is not kept', {
        attempt: attemptId,
      });
    }
  }

  /** As it stands now: as it was judged last. */
  async latestAttempt(
    userId: string,
    lab: string,
    step: string,
  ): Promise<StoredAttempt | undefined> {
    const waiting = this.#unstored.findLast(
      (each) => each.userId === userId && each.lab === lab && each.step === step,
    );
    if (waiting !== undefined) {
      return { createdAt: waiting.createdAt, result: waiting.result, isStored: false };
    }
    const row = await this.#database.query
      .selectFrom('attempts')
      .select(['created_at', standingResult])
      .where('user_id', '=', userId)
      .where('lab', '=', lab)
      .where('step', '=', step)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return { createdAt: row.created_at, result: parseResult(row.result), isStored: true };
  }

  /** Of one learner, or of everybody; of one lab, or of all. */
  async list(filter: ProgressFilter = {}): Promise<StepProgress[]> {
    let query = this.#database.query.selectFrom('step_progress').selectAll();
    if (filter.userId !== undefined) query = query.where('user_id', '=', filter.userId);
    if (filter.lab !== undefined) query = query.where('lab', '=', filter.lab);
    const rows = await query.execute();
    const stored = rows.map((row) => ({
      userId: row.user_id,
      lab: row.lab,
      step: row.step,
      bestEarned: row.best_earned,
      possible: row.possible,
      attempts: row.attempts,
      lastOutcome: parseOutcome(row.last_outcome),
      passedAt: row.passed_at ?? undefined,
      checkedAt: row.updated_at,
    }));
    return this.#withUnstored(stored, filter);
  }

  async answers(userId: string, lab: string): Promise<Record<string, AnswerValue>> {
    const rows = await this.#database.query
      .selectFrom('answers')
      .select(['question', 'value'])
      .where('user_id', '=', userId)
      .where('lab', '=', lab)
      .execute();
    return Object.fromEntries(rows.map(({ question, value }) => [question, parseAnswer(value)]));
  }

  /** Replaces the answers named; others stay. */
  async saveAnswers(
    userId: string,
    lab: string,
    answers: Readonly<Record<string, AnswerValue>>,
  ): Promise<void> {
    const rows = Object.entries(answers).map(([question, value]) => ({
      user_id: userId,
      lab,
      question,
      value: JSON.stringify(value),
      updated_at: new Date().toISOString(),
    }));
    if (rows.length === 0) return;
    await this.#database.write(
      (query) =>
        query
          .insertInto('answers')
          .values(rows)
          .onConflict((conflict) =>
            conflict.columns(['user_id', 'lab', 'question']).doUpdateSet((set) => ({
              value: set.ref('excluded.value'),
              updated_at: set.ref('excluded.updated_at'),
            })),
          )
          .execute(),
      { essential: true },
    );
  }

  get waiting(): number {
    return this.#unstored.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#retry();
    clearTimeout(this.#timer);
    if (this.#unstored.length > 0) {
      this.#logger.error('grades are lost, because the disk stayed full until the end', {
        grades: this.#unstored.map(({ userId, lab, step, result }) => ({
          userId,
          lab,
          step,
          points: result.points,
        })),
      });
    }
  }

  #withUnstored(stored: StepProgress[], filter: ProgressFilter): StepProgress[] {
    const keyOf = ({ userId, lab, step }: Pick<StepProgress, 'userId' | 'lab' | 'step'>) =>
      `${userId} ${lab}/${step}`;
    const byStep = new Map(stored.map((row) => [keyOf(row), row]));
    for (const attempt of this.#unstored) {
      const { userId, lab, step, result, createdAt } = attempt;
      if (userId !== (filter.userId ?? userId) || lab !== (filter.lab ?? lab)) continue;
      const before = byStep.get(keyOf(attempt));
      const best = raiseScore(
        before === undefined ? undefined : { ...before, earned: before.bestEarned },
        result,
        createdAt,
      );
      byStep.set(keyOf(attempt), {
        userId,
        lab,
        step,
        bestEarned: best.earned,
        possible: best.possible,
        attempts: (before?.attempts ?? 0) + triesOf(result),
        lastOutcome: result.outcome,
        passedAt: best.passedAt,
        checkedAt: createdAt,
      });
    }
    return [...byStep.values()];
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#retry();
    }, RETRY_MS);
  }

  async #retry(): Promise<void> {
    for (let next = this.#unstored[0]; next !== undefined; next = this.#unstored[0]) {
      try {
        await storeAttempt(this.#database, next);
        this.#unstored.shift();
      } catch (error) {
        if (!isDiskFullError(error)) this.#logger.error('a grade could not be stored', { error });
        this.#retryLater();
        return;
      }
    }
  }
}

function isDiskFullError(error: unknown): boolean {
  return error instanceof GatehouseError && error.code === 'DISK_FULL';
}

function parseOutcome(text: string): LabResult['outcome'] {
  return text === 'passed' || text === 'inconclusive' ? text : 'failed';
}

function parseAnswer(text: string): AnswerValue {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.map(String) : String(value);
}

function parseResult(text: string): LabResult {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- written by `storeAttempt`, of a `LabResult`
  return JSON.parse(text);
}

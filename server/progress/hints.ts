import type { CheckResult, LabResult } from '../../common/verdict.js';
import { chargeHints } from '../../graders/hint-cost.js';
import { summarise } from '../../graders/summarise.js';
import type { Database } from '../database/open-database.js';

export interface OpenedHint {
  check: string;
  /** 1 or 2. */
  tier: number;
  /** In points of the check, as it was said when the hint was opened. */
  cost: number;
}

/** Which hints learners opened, of which check, at which price. What was opened stays opened. */
export class Hints {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async opened(userId: string, lab: string): Promise<OpenedHint[]> {
    const rows = await this.#database.query
      .selectFrom('opened_hints')
      .select(['check_id', 'tier', 'cost'])
      .where('user_id', '=', userId)
      .where('lab', '=', lab)
      .orderBy('tier')
      .execute();
    return rows.map(({ check_id: check, tier, cost }) => ({ check, tier, cost }));
  }

  /** Resolves when it is on disk: only then may the hint be shown. A second time changes nothing. */
  async open({ userId, lab }: { userId: string; lab: string }, hint: OpenedHint): Promise<void> {
    const { check, tier, cost } = hint;
    await this.#database.write((query) =>
      query
        .insertInto('opened_hints')
        .values({
          user_id: userId,
          lab,
          check_id: check,
          tier,
          cost,
          opened_at: new Date().toISOString(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }
}

/** What a check earns after the hints that were opened for it. */
export function chargeCheck(check: CheckResult, opened: readonly OpenedHint[]): CheckResult {
  const hintCost = opened
    .filter((hint) => hint.check === check.id)
    .reduce((sum, { cost }) => sum + cost, 0);
  return chargeHints(check, hintCost);
}

/** The same for a whole result. Its outcome stays: work that is done with help is done. */
export function chargeResult(result: LabResult, opened: readonly OpenedHint[]): LabResult {
  const checks = result.checks.map((check) => chargeCheck(check, opened));
  return { ...result, checks, points: summarise(checks).points };
}

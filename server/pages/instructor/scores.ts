import type { Lab } from '../../../common/lab.js';
import type { ServerContext } from '../../context.js';
import { csvOf } from '../../http/csv.js';
import { scoreOf, type LabScore } from '../../progress/lab-score.js';
import type { StepProgress } from '../../progress/progress.js';

export interface LearnerScore {
  id: string;
  name: string;
  classTitle: string | undefined;
  /** One for each lab there is, in their order. */
  labs: LabScore[];
  earned: number;
  possible: number;
  /** Labs of which every step was passed. */
  done: number;
  /** ISO 8601; undefined for those who have checked nothing yet. */
  checkedAt: string | undefined;
}

/** The best scores of every learner, also of those whose labs have ended. */
export async function learnerScores(
  { identity, progress }: Pick<ServerContext, 'identity' | 'progress'>,
  labs: readonly Lab[],
): Promise<LearnerScore[]> {
  const users = await identity.listUsers();
  const rows = new Map<string, StepProgress[]>();
  for (const row of await progress.list()) {
    rows.set(row.userId, [...(rows.get(row.userId) ?? []), row]);
  }
  return users
    .filter(({ role }) => role === 'learner')
    .map(({ id, name, classTitle }) => {
      const own = rows.get(id) ?? [];
      const scores = labs.map((lab) => scoreOf(lab, own));
      return {
        id,
        name,
        classTitle,
        labs: scores,
        earned: scores.reduce((sum, { earned }) => sum + earned, 0),
        possible: scores.reduce((sum, { possible }) => sum + possible, 0),
        done: scores.filter(({ state }) => state === 'done').length,
        checkedAt: own
          .map(({ checkedAt }) => checkedAt)
          .sort()
          .at(-1),
      };
    });
}

/** One row for each learner, one column for each lab. */
export function scoresAsCsv(labs: readonly Lab[], learners: readonly LearnerScore[]): string {
  return csvOf([
    ['id', 'learner', 'class', ...labs.map(({ id }) => id), 'points', 'possible', 'last check'],
    ...learners.map(({ id, name, classTitle, labs: scores, earned, possible, checkedAt }) => [
      id,
      name,
      classTitle ?? '',
      ...scores.map((score) => score.earned),
      earned,
      possible,
      checkedAt ?? '',
    ]),
  ]);
}

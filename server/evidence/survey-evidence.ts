import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import type { Tables } from '../database/schema.js';
import { alwaysKept, type KeptAttempt } from './which-to-remove.js';

/** Whose evidence it is: what is always kept is chosen among the attempts of one learner at one step. */
export interface Place {
  userId: string;
  lab: string;
  step: string;
}

export type PlacedAttempt = KeptAttempt & Place;

/** What evidence there is. */
export interface EvidenceSurvey {
  attempts: number;
  /** Compressed, as they are stored. */
  bytes: number;
  alwaysKept: { attempts: number; bytes: number };
  /** The rest, which limits apply to. */
  others: PlacedAttempt[];
}

/** Attempts that are read in one go: a few milliseconds, after which whoever waits has a turn. */
const SLICE = 100;

/** Walks through all attempts, in small slices, so that a Check meanwhile does not wait. */
export async function surveyEvidence(
  query: Kysely<Tables>,
  signal?: AbortSignal,
): Promise<EvidenceSurvey> {
  const survey: EvidenceSurvey = {
    attempts: 0,
    bytes: 0,
    alwaysKept: { attempts: 0, bytes: 0 },
    others: [],
  };
  let group: PlacedAttempt[] = [];
  let last: (Place & { id: number }) | undefined;
  do {
    signal?.throwIfAborted();
    const rows = await readSlice(query, last);
    for (const row of rows) {
      if (last === undefined || !isSamePlace(row, last)) {
        addGroup(survey, group);
        group = [];
      }
      last = row;
      const { bytes } = row;
      if (bytes !== null) group.push({ ...row, bytes });
    }
    if (rows.length < SLICE) break;
    await nextTurn();
  } while (last !== undefined);
  addGroup(survey, group);
  return survey;
}

/** The attempts of one learner at one step that have evidence. */
export async function attemptsWithEvidence(
  query: Kysely<Tables>,
  { userId, lab, step }: Place,
): Promise<KeptAttempt[]> {
  const rows = await attemptsOf(query)
    .where('attempts.user_id', '=', userId)
    .where('attempts.lab', '=', lab)
    .where('attempts.step', '=', step)
    .execute();
  return rows.flatMap(({ bytes, ...row }) => (bytes === null ? [] : [{ ...row, bytes }]));
}

function readSlice(query: Kysely<Tables>, after: (Place & { id: number }) | undefined) {
  let slice = attemptsOf(query)
    .orderBy('attempts.user_id')
    .orderBy('attempts.lab')
    .orderBy('attempts.step')
    .orderBy('attempts.id')
    .limit(SLICE);
  if (after !== undefined) {
    const { userId, lab, step, id } = after;
    slice = slice.where(
      sql<boolean>`(attempts.user_id, attempts.lab, attempts.step, attempts.id) > (${userId}, ${lab}, ${step}, ${id})`,
    );
  }
  return slice.execute();
}

/** `bytes` is null where there is no evidence. */
function attemptsOf(query: Kysely<Tables>) {
  return query
    .selectFrom('attempts')
    .leftJoin('evidence', 'evidence.attempt_id', 'attempts.id')
    .select(['attempts.id', 'attempts.user_id as userId', 'attempts.lab', 'attempts.step'])
    .select('attempts.created_at as createdAt')
    .select([
      sql<number | null>`length(evidence.content)`.as('bytes'),
      sql<number>`max(attempts.earned, coalesce(
        (select max(regrades.earned) from regrades where regrades.attempt_id = attempts.id), 0))`.as(
        'earned',
      ),
    ]);
}

function addGroup(survey: EvidenceSurvey, group: readonly PlacedAttempt[]): void {
  const kept = alwaysKept(group);
  for (const one of group) {
    survey.attempts += 1;
    survey.bytes += one.bytes;
    if (kept.has(one.id)) {
      survey.alwaysKept.attempts += 1;
      survey.alwaysKept.bytes += one.bytes;
    } else survey.others.push(one);
  }
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.userId === b.userId && a.lab === b.lab && a.step === b.step;
}

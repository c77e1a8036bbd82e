import type { Lab } from '../../../common/lab.js';
import { SILENT } from '../../../common/logger.js';
import type { LabResult } from '../../../common/verdict.js';
import { createTempFolder } from '../../../system/temp-folder.js';
import { openDatabase } from '../../database/open-database.js';
import { Identity } from '../../identity/identity.js';
import { Progress } from '../../progress/progress.js';
import { learnerScores, scoresAsCsv } from './scores.js';

const labOf = (slug: string, points: number): Lab => {
  const step = { id: 'close', title: 'Close', definition: { checks: [{ points }] } };
  return { id: `05-networking/${slug}`, steps: [step] } as unknown as Lab;
};
const LABS = [labOf('08-curl', 7), labOf('09-deny', 12)];

test('scores are one row for each learner, the best ones, and nobody else is in it', async () => {
  await using folder = await createTempFolder('scores');
  await using database = await openDatabase(folder.path);
  const identity = new Identity(database, { signInDays: 1 });
  await using progress = new Progress(database, { logger: SILENT });
  const ada = await identity.createUser('Ada', 'learner');
  await identity.createUser('Bob', 'learner');
  const owner = await identity.createUser('Olga', 'instructor');
  const record = async (userId: string, earned: number, day: number): Promise<void> => {
    const result = {
      outcome: earned === 12 ? 'passed' : 'failed',
      points: { earned, possible: 12 },
      labDigest: 'sha256:0',
      checks: [],
    } as unknown as LabResult;
    await progress.record({
      userId,
      lab: '05-networking/09-deny',
      step: 'close',
      labSessionId: 'session',
      createdAt: `2026-03-0${day}T10:00:00.000Z`,
      result,
    });
  };
  await record(ada.id, 12, 1);
  await record(ada.id, 3, 2);
  await record(owner.id, 12, 3);
  const learners = await learnerScores({ identity, progress }, LABS);
  expect(learners).toMatchObject([
    { name: 'Ada', earned: 12, possible: 19, done: 1 },
    { name: 'Bob', earned: 0, possible: 19, done: 0, checkedAt: undefined },
  ]);
  expect(scoresAsCsv(LABS, learners).split('\r\n')).toEqual([
    '\uFEFFid,learner,class,05-networking/08-curl,05-networking/09-deny,points,possible,last check',
    `${ada.id},Ada,,0,12,12,19,2026-03-02T10:00:00.000Z`,
    expect.stringMatching(/,Bob,,0,0,0,19,$/),
    '',
  ]);
});

import { jest } from '@jest/globals';
import path from 'node:path';
import type { LabResult } from '../../common/verdict.js';
import { signResult } from '../../graders/signing/sign-result.js';
import { openSigningKey } from '../../graders/signing/signing-key.js';
import { openDatabase } from '../../server/database/open-database.js';
import { findProjectRoot } from '../../system/project-root.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';

// The command is a process of its own.
jest.setTimeout(60_000);

const LAB = '05-networking/09-deny-all';
const GRADED: LabResult = {
  version: 1,
  lab: LAB,
  labDigest: 'sha256:0',
  graderVersion: '1',
  platformVersion: '0.1.0',
  provider: 'embedded',
  cluster: 'c1',
  startedAt: '2026-01-02T03:04:05.678Z',
  endedAt: '2026-01-02T03:04:06.912Z',
  tookMs: 1234,
  outcome: 'failed',
  points: { earned: 2, possible: 10 },
  checks: [],
};

test('attempts without evidence are left as they are, and each says why there is none', async () => {
  await using folder = await createTempFolder('regrade');
  const key = openSigningKey(folder.path);
  const withEvidence = { ...GRADED, evidenceDigest: 'sha256:1' };
  {
    await using database = await openDatabase(folder.path);
    const user = { id: 'ada', name: 'Ada', role: 'learner', class_id: null, created_at: '' };
    await database.query.insertInto('users').values(user).execute();
    for (const result of [GRADED, withEvidence, withEvidence]) {
      await database.query
        .insertInto('attempts')
        .values({
          ...{ user_id: 'ada', lab: LAB, step: 'look', lab_session_id: 's', created_at: '' },
          ...{ outcome: 'failed', earned: 2, possible: 10, lab_digest: 'sha256:0' },
          result: JSON.stringify(signResult(result, key)),
        })
        .execute();
    }
    const removed = { attempt_id: 3, removed_at: '2026-05-04T03:02:01.000Z' };
    await database.query.insertInto('removed_evidence').values(removed).execute();
  }
  const { exitCode, stdout } = await runCommand(process.execPath, [
    path.join(findProjectRoot(), 'scripts/gatehouse'),
    ...['--state-dir', folder.path, 'regrade', '--lab', LAB],
  ]);
  expect(exitCode).toBe(3);
  expect(stdout).toMatchInlineSnapshot(`
   "attempt 1: left as it is, nothing was kept of what it was graded on: the cluster held more than is kept.
   attempt 2: left as it is, nothing was kept of what it was graded on: the disk was full.
   attempt 3: left as it is, its evidence is not kept any more: it was removed on 2026-05-04, as neither the best nor the latest of its step.
   3 judged again: 0 differ, 0 as before, 3 left as they are.
   "
  `);
});

import { GatehouseError } from '../../common/errors.js';
import { SILENT } from '../../common/logger.js';
import type { Cluster } from '../../clusters/provider.js';
import { openSigningKey } from '../../graders/signing/signing-key.js';
import { labWith, podObject, recordedCluster } from '../../graders/test-cluster.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { openDatabase } from '../database/open-database.js';
import { Identity } from '../identity/identity.js';
import { Hints } from '../progress/hints.js';
import { Progress } from '../progress/progress.js';
import { Checker } from './check-step.js';
import { Clock } from './clock.js';
import type { LabSessions } from './lab-sessions.js';
import { LiveLab } from './live-lab.js';
import type { Terminals } from './terminals.js';

const LAB = labWith([
  {
    kind: 'resource',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
    expect: [{ path: '.metadata.labels.app', equals: 'web' }],
  },
]);
const RIGHT = recordedCluster([podObject('shop/web', { app: 'web' })]);
/** A cluster whose host went away between two requests. */
const GONE = recordedCluster(() => {
  throw new GatehouseError('CLUSTER_UNREACHABLE', 'the cluster host went away');
});

/** A learner with a running lab, on a server that allows so many Checks a minute. */
async function startLearner({ checksPerMinute = 10 } = {}) {
  const folder = await createTempFolder('checker');
  const database = await openDatabase(folder.path);
  const { id: userId } = await new Identity(database, { signInDays: 1 }).createUser(
    'Ada',
    'learner',
  );
  const progress = new Progress(database, { logger: SILENT });
  const checker = new Checker({
    sessions: { touch: () => undefined } as unknown as LabSessions,
    progress,
    hints: new Hints(database),
    checksPerMinute,
    signingKey: openSigningKey(folder.path),
    logger: SILENT,
  });
  const live = new LiveLab({
    id: 'session',
    userId,
    userName: 'Ada',
    lab: LAB,
    clusterName: 'one',
    createdAt: new Date().toISOString(),
    step: 'step',
    state: 'creating',
    clock: new Clock({ createdAt: 0, lastActiveAt: 0, idleMs: 1, warningMs: 1, mostMs: 1 }),
    createTerminals: () => ({}) as unknown as Terminals,
  });
  const check = async (cluster: Cluster) => {
    live.adopt(() => Promise.resolve(cluster));
    await live.cluster();
    const [step] = LAB.steps;
    if (step === undefined) throw new Error('the lab has no step');
    return checker.check(live, step, {});
  };
  return {
    live,
    check,
    tries: async () => (await progress.list({ userId }))[0]?.attempts,
    async [Symbol.asyncDispose]() {
      await progress[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('a cluster that goes away during a Check is told as such, and uses up no try', async () => {
  await using learner = await startLearner();
  const { result } = await learner.check(GONE);
  expect(result).toMatchObject({ outcome: 'inconclusive', points: { earned: 0 } });
  expect(result.checks[0]?.message).toContain('Nothing is counted against you');
  expect(await learner.tries()).toBe(0);
  expect((await learner.check(RIGHT)).result.outcome).toBe('passed');
  expect(await learner.tries()).toBe(1);
});

test('too many Checks are refused with the moment of the next, and none is counted', async () => {
  await using learner = await startLearner({ checksPerMinute: 2 });
  await learner.check(RIGHT);
  await learner.check(RIGHT);
  await expect(learner.check(RIGHT)).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
    fix: expect.stringMatching(/try again in \d+ seconds?\./),
    retryAfterMs: expect.any(Number),
  });
  expect(await learner.tries()).toBe(2);
});

test('a Check that was not run to its end gives its place back', async () => {
  await using learner = await startLearner({ checksPerMinute: 1 });
  learner.live.abort.abort();
  for (const _ of [1, 2]) {
    await expect(learner.check(RIGHT)).rejects.toMatchObject({ code: 'CANCELLED' });
  }
  expect(await learner.tries()).toBeUndefined();
});

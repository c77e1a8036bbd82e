import type { CronJob, Job, Pod } from './objects.js';
import { manifest, setPodStatus, startTestCluster } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const jobSpec = (spec: Record<string, unknown> = {}) => ({
  template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
  ...spec,
});
const job = (spec: Record<string, unknown> = {}) =>
  manifest('Job', 'sum', { apiVersion: 'batch/v1', spec: jobSpec(spec) });
const get = ({ api }: TestCluster): Job | undefined => api.get<Job>('jobs.batch', 'sum', 'demo');
const pods = ({ api }: TestCluster): readonly Pod[] => api.list<Pod>('pods', 'demo');
const running = (cluster: TestCluster): Pod[] =>
  pods(cluster).filter(({ status }) => status?.phase === 'Running');
const end = async (
  cluster: TestCluster,
  phase: 'Succeeded' | 'Failed',
  howMany = 1,
): Promise<void> => {
  for (const pod of running(cluster).slice(0, howMany)) setPodStatus(cluster.api, pod, { phase });
  await cluster.settled();
};
const conditions = (cluster: TestCluster): string[] =>
  (get(cluster)?.status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason ?? ''}`);

test('a job runs its pod once and is complete', async () => {
  using cluster = startTestCluster();
  cluster.apply(job());
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect(get(cluster)?.status).toMatchObject({
    active: 1,
    ready: 1,
    terminating: 0,
    uncountedTerminatedPods: {},
  });
  const [pod] = pods(cluster);
  expect(pod?.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
  expect(pod?.metadata.labels).toMatchObject({
    'job-name': 'sum',
    'batch.kubernetes.io/job-name': 'sum',
  });
  await end(cluster, 'Succeeded');
  expect(conditions(cluster)).toEqual([
    'SuccessCriteriaMet CompletionsReached',
    'Complete CompletionsReached',
  ]);
  expect(get(cluster)?.status).toMatchObject({
    succeeded: 1,
    ready: 0,
    completionTime: expect.any(String),
  });
  expect(get(cluster)?.status).not.toHaveProperty('active');
  expect(pods(cluster)[0]?.metadata).not.toHaveProperty('finalizers');
  expect(cluster.events('sum')).toEqual([
    `SuccessfulCreate: Created pod: ${pod!.metadata.name}`,
    'Completed: Job completed',
  ]);
});

test('completions and parallelism keep so many pods running until enough have succeeded', async () => {
  using cluster = startTestCluster();
  cluster.apply(job({ completions: 5, parallelism: 2 }));
  await cluster.settled();
  expect(running(cluster)).toHaveLength(2);
  await end(cluster, 'Succeeded', 2);
  expect(running(cluster)).toHaveLength(2);
  await end(cluster, 'Succeeded', 2);
  expect(running(cluster)).toHaveLength(1);
  await end(cluster, 'Succeeded');
  expect(get(cluster)?.status?.succeeded).toBe(5);
  expect(conditions(cluster)).toContain('Complete CompletionsReached');
});

test('a failed pod is tried again after a while, and at the limit the job fails', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  using cluster = startTestCluster({ now: () => now });
  cluster.apply(job({ backoffLimit: 1 }));
  await cluster.settled();
  await end(cluster, 'Failed');
  expect(running(cluster)).toHaveLength(0);
  expect(get(cluster)?.status?.failed).toBe(1);
  now += 11_000;
  // Any change lets the controller look again.
  cluster.api.update('jobs.batch', { name: 'sum', namespace: 'demo' }, (draft) => {
    draft.metadata.labels = { ...draft.metadata.labels, look: 'again' };
  });
  await cluster.settled();
  expect(running(cluster)).toHaveLength(1);
  await end(cluster, 'Failed');
  expect(conditions(cluster)).toEqual([
    'FailureTarget BackoffLimitExceeded',
    'Failed BackoffLimitExceeded',
  ]);
  expect(cluster.events('sum').at(-1)).toBe(
    'BackoffLimitExceeded: Job has reached the specified backoff limit',
  );
});

test('a job past its deadline fails and its pods end', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  using cluster = startTestCluster({ now: () => now });
  cluster.apply(job({ activeDeadlineSeconds: 60 }));
  await cluster.settled();
  now += 61_000;
  cluster.api.update('jobs.batch', { name: 'sum', namespace: 'demo' }, (draft) => {
    draft.metadata.labels = { ...draft.metadata.labels, look: 'again' };
  });
  await cluster.settled();
  expect(conditions(cluster)).toEqual([
    'FailureTarget DeadlineExceeded',
    'Failed DeadlineExceeded',
  ]);
  expect(pods(cluster)).toHaveLength(0);
});

test('an indexed job has a pod per index, whose environment says which', async () => {
  using cluster = startTestCluster();
  cluster.apply(job({ completions: 3, parallelism: 3, completionMode: 'Indexed' }));
  await cluster.settled();
  expect(
    pods(cluster)
      .map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'])
      .sort(),
  ).toEqual(['0', '1', '2']);
  expect(pods(cluster)[0]?.metadata.name).toMatch(/^sum-0-[a-z0-9]{5}$/);
  expect(pods(cluster)[0]?.spec?.containers[0]?.env?.[0]?.name).toBe('JOB_COMPLETION_INDEX');
  await end(cluster, 'Succeeded', 3);
  expect(get(cluster)?.status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
});

test('a suspended job runs nothing until it is resumed', async () => {
  using cluster = startTestCluster();
  cluster.apply(job({ suspend: true }));
  await cluster.settled();
  expect(pods(cluster)).toHaveLength(0);
  expect(conditions(cluster)).toEqual(['Suspended JobSuspended']);
  cluster.api.update<Job>('jobs.batch', { name: 'sum', namespace: 'demo' }, (draft) => {
    draft.spec!.suspend = false;
  });
  await cluster.settled();
  expect(pods(cluster)).toHaveLength(1);
  expect(conditions(cluster)).toEqual(['Suspended JobResumed']);
});

test('a pod that somebody deletes counts as failed and does not stay behind', async () => {
  using cluster = startTestCluster();
  cluster.apply(job());
  await cluster.settled();
  cluster.api.delete('pods', { name: pods(cluster)[0]!.metadata.name, namespace: 'demo' });
  await cluster.settled();
  expect(get(cluster)?.status?.failed).toBe(1);
});

test('a deleted job lets its pods go', async () => {
  using cluster = startTestCluster();
  cluster.apply(job());
  await cluster.settled();
  cluster.api.delete('jobs.batch', { name: 'sum', namespace: 'demo', propagation: 'Background' });
  await cluster.settled();
  expect(pods(cluster)).toHaveLength(0);
});

test('a finished job with a time to live goes by itself', async () => {
  using cluster = startTestCluster();
  cluster.apply(job({ ttlSecondsAfterFinished: 0 }));
  await cluster.settled();
  await end(cluster, 'Succeeded');
  expect(get(cluster)).toBeUndefined();
  expect(pods(cluster)).toHaveLength(0);
});

test('a cron job starts jobs by the clock, keeps a few, and notes when', async () => {
  let now = Date.parse('2026-01-01T00:00:30Z');
  using cluster = startTestCluster({ now: () => now });
  const key = { name: 'tick', namespace: 'demo' };
  cluster.apply(
    manifest('CronJob', 'tick', {
      apiVersion: 'batch/v1',
      spec: {
        schedule: '* * * * *',
        successfulJobsHistoryLimit: 1,
        jobTemplate: { spec: jobSpec() },
      },
    }),
  );
  await cluster.settled();
  expect(cluster.api.list('jobs.batch', 'demo')).toHaveLength(0);
  for (let minute = 1; minute <= 3; minute += 1) {
    now += 60_000;
    cluster.api.update('cronjobs.batch', key, (draft) => {
      draft.metadata.labels = { minute: String(minute) };
    });
    await cluster.settled();
    await end(cluster, 'Succeeded');
  }
  const jobs = cluster.api.list<Job>('jobs.batch', 'demo');
  const minutes = Date.parse('2026-01-01T00:03:00Z') / 60_000;
  expect(jobs.map(({ metadata }) => metadata.name)).toEqual([`tick-${minutes}`]);
  const cronJob = cluster.api.get<CronJob>('cronjobs.batch', 'tick', 'demo')!;
  expect(cronJob.status).toMatchObject({
    lastScheduleTime: '2026-01-01T00:03:00Z',
    lastSuccessfulTime: '2026-01-01T00:03:30Z',
  });
  expect(cronJob.status).not.toHaveProperty('active');
  expect(cluster.events('tick')).toContain(`SuccessfulCreate: Created job tick-${minutes}`);
  expect(cluster.events('tick')).toContain(
    `SawCompletedJob: Saw completed job: tick-${minutes}, condition: Complete`,
  );
});

test('Forbid does not start a second job beside the first, Replace ends the first', async () => {
  let now = Date.parse('2026-01-01T00:00:30Z');
  using cluster = startTestCluster({ now: () => now });
  for (const concurrencyPolicy of ['Forbid', 'Replace']) {
    cluster.apply(
      manifest('CronJob', concurrencyPolicy.toLowerCase(), {
        apiVersion: 'batch/v1',
        spec: { schedule: '* * * * *', concurrencyPolicy, jobTemplate: { spec: jobSpec() } },
      }),
    );
  }
  for (let minute = 1; minute <= 2; minute += 1) {
    now += 60_000;
    for (const name of ['forbid', 'replace']) {
      cluster.api.update('cronjobs.batch', { name, namespace: 'demo' }, (draft) => {
        draft.metadata.labels = { minute: String(minute) };
      });
    }
    await cluster.settled();
  }
  const first = Date.parse('2026-01-01T00:01:00Z') / 60_000;
  expect(cluster.api.list<Job>('jobs.batch', 'demo').map(({ metadata }) => metadata.name)).toEqual([
    `forbid-${first}`,
    `replace-${first + 1}`,
  ]);
  expect(cluster.events('forbid').join()).toContain('JobAlreadyActive');
});

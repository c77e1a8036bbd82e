import type { JsonObject } from '../../../../../common/json.js';
import { create, faultsOf } from '../test-support/small-cluster.js';
import { CRON_JOBS } from './cronjobs.js';
import { JOBS, type Job } from './jobs.js';
import { scheduleFault } from './schedule.js';

const POD = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] };

function job(spec: JsonObject = {}, metadata: JsonObject = {}): Job {
  return create(JOBS, {
    metadata: { name: 'j', ...metadata },
    spec: { template: { spec: POD }, ...spec },
  }) as Job;
}

test('a job runs one pod to its end, and finds it by labels of its own', () => {
  const labels = {
    'batch.kubernetes.io/controller-uid': 'uid-1',
    'batch.kubernetes.io/job-name': 'j',
    'controller-uid': 'uid-1',
    'job-name': 'j',
  };
  const { metadata, spec } = job();
  expect(metadata.labels).toEqual(labels);
  expect(spec).toMatchObject({
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid-1' } },
    template: { metadata: { labels } },
  });
});

test('a job that says how many at once, but not how many in all, ends with the first success', () => {
  const { spec } = job({ parallelism: 3 });
  expect(spec.completions).toBeUndefined();
  expect(JOBS.columns[2]?.cell(job({ parallelism: 3 }), 0)).toBe('0/1 of 3');
});

test('pods that always start again are no job', () => {
  expect(faultsOf(() => job({ template: { spec: { ...POD, restartPolicy: 'Always' } } }))).toEqual([
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ]);
});

test('a cron job keeps three successes and one failure', () => {
  const cronJob = create(CRON_JOBS, {
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: { spec: POD } } } },
  });
  expect(cronJob['spec']).toMatchObject({
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  });
});

test('the name of a cron job leaves room for the names of its jobs', () => {
  const name = 'a'.repeat(53);
  const document = {
    metadata: { name },
    spec: { schedule: '@daily', jobTemplate: { spec: { template: { spec: POD } } } },
  };
  expect(faultsOf(() => create(CRON_JOBS, document))).toEqual([
    `metadata.name: Invalid value: "${name}": must be no more than 52 characters`,
  ]);
});

test.each([
  ['* * * * *', undefined],
  ['*/15 0-6 1,15 jan-mar sun', undefined],
  ['@hourly', undefined],
  ['@every 1h30m', undefined],
  ['@never', 'unrecognized descriptor: @never'],
  ['* * *', 'expected exactly 5 fields, found 3: [* * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
  ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
])('the schedule %s', (schedule, fault) => {
  expect(scheduleFault(schedule)).toBe(fault);
});

import type { CronJobSpec, CronJobStatus } from 'kubernetes-types/batch/v1.js';
import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { containerNames, imageNames } from '../apps/workload-columns.js';
import { notNegative, oneOf } from '../checks.js';
import { AGE, booleanColumn, column, integerColumn, NAME, wideColumn } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { invalid, required } from '../field-errors.js';
import { ageOf } from '../human-duration.js';
import { formatSelector } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import { validateJobSpec } from './job-template.js';
import { scheduleFault } from './schedule.js';

export type CronJob = ObjectOf<CronJobSpec, CronJobStatus>;

/** The names of its jobs end in eleven characters more. */
const MAX_NAME = 52;

export const CRON_JOBS = defineResource({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  subresources: [statusSubresource('CronJob')],
  hasGeneration: true,
  applyDefaults(cronJob: CronJob) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (cronJob.spec ??= {});
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    spec.jobTemplate ??= {};
    spec.jobTemplate.metadata ??= {};
    spec.jobTemplate.spec ??= {};
    spec.jobTemplate.spec.template = defaultPodTemplate(spec.jobTemplate.spec.template ?? {});
  },
  prepareForCreate(cronJob: CronJob) {
    cronJob.status = {};
  },
  validate: (cronJob: CronJob) => [
    ...validateMeta(cronJob),
    ...validateName(cronJob),
    ...validateSpec(cronJob),
  ],
  columns: [
    NAME,
    column<CronJob>('Schedule', 'When.', ({ spec }) => spec.schedule ?? ''),
    column<CronJob>('Timezone', 'In which time zone.', ({ spec }) => spec.timeZone ?? '<none>'),
    booleanColumn<CronJob>('Suspend', 'Whether it rests.', ({ spec }) =>
      spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    ),
    integerColumn<CronJob>(
      'Active',
      'Jobs that run now.',
      ({ status }) => (status?.active ?? []).length,
    ),
    column<CronJob>('Last Schedule', 'Time since the last.', ({ status }, now) =>
      status?.lastScheduleTime === undefined ? '<none>' : ageOf(status.lastScheduleTime, now),
    ),
    AGE,
    wideColumn<CronJob>('Containers', 'Names of the containers.', ({ spec }) =>
      containerNames(spec.jobTemplate?.spec?.template),
    ),
    wideColumn<CronJob>('Images', 'Images of the containers.', ({ spec }) =>
      imageNames(spec.jobTemplate?.spec?.template),
    ),
    wideColumn<CronJob>('Selector', 'Pods that belong to it.', ({ spec }) =>
      formatSelector(spec.jobTemplate?.spec?.selector),
    ),
  ],
});

function validateName({ metadata }: KubeObject): FieldError[] {
  if (metadata.name.length <= MAX_NAME) return [];
  return [invalid('metadata.name', metadata.name, `must be no more than ${MAX_NAME} characters`)];
}

function validateSpec({ spec }: CronJob): FieldError[] {
  const { schedule = '', timeZone } = spec;
  const errors: FieldError[] = [];
  if (schedule === '') errors.push(required('spec.schedule'));
  else {
    const fault = schedule.includes('TZ')
      ? 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
      : scheduleFault(schedule);
    if (fault !== undefined) errors.push(invalid('spec.schedule', schedule, fault));
  }
  if (timeZone !== undefined) errors.push(...validateTimeZone('spec.timeZone', timeZone));
  return [
    ...errors,
    ...notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...oneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
    ...validateJobSpec('spec.jobTemplate.spec', spec.jobTemplate?.spec ?? {}),
  ];
}

function validateTimeZone(path: string, zone: string): FieldError[] {
  if (zone === '') return [invalid(path, zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local') {
    return [
      invalid(
        path,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return [];
  } catch {
    return [invalid(path, zone, `unknown time zone ${zone}`)];
  }
}

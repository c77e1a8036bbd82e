import type { JobSpec, JobStatus } from 'kubernetes-types/batch/v1.js';
import { equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { CONTAINERS, IMAGES, selectorColumn } from '../apps/workload-columns.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { goStringMap, GoText, immutableValue, invalid, required } from '../field-errors.js';
import { humanDuration } from '../human-duration.js';
import { matchesSelector } from '../../selectors/match-labels.js';
import { goSelector, validateLabelSelector } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import { validateJobSpec } from './job-template.js';

export type Job = ObjectOf<JobSpec, JobStatus>;

const PREFIX = 'batch.kubernetes.io/';

export const JOBS = defineResource({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  subresources: [statusSubresource('Job')],
  selectableFields: { 'status.successful': ({ status }) => String(countOf(status)) },
  hasGeneration: true,
  applyDefaults(job: Job) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (job.spec ??= {});
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.template = defaultPodTemplate(spec.template ?? {});
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??=
      spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  },
  prepareForCreate(job: Job) {
    if (job.spec.manualSelector !== true) addSelector(job);
    const labels = job.spec.template?.metadata?.labels;
    if (labels !== undefined) job.metadata.labels ??= { ...labels };
    job.status = {};
  },
  validate: (job: Job) => [
    ...validateMeta(job),
    ...validateJobSpec('spec', job.spec),
    ...validateSelector(job),
  ],
  validateUpdate: (job: Job, old: Job) => validateUpdate(job, old),
  columns: [
    NAME,
    column<Job>('Status', 'How it goes.', jobStatus),
    column<Job>('Completions', 'Pods that succeeded, of pods wanted.', completions),
    column<Job>('Duration', 'How long it took or has taken.', ({ status }, now) => {
      if (status?.startTime === undefined) return '';
      const end = status.completionTime === undefined ? now : Date.parse(status.completionTime);
      return humanDuration(end - Date.parse(status.startTime));
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    selectorColumn<Job>(({ spec }) => spec.selector),
  ],
});

/** A selector that no other job's pods can match, by the job's own uid; old names of the labels stay beside. */
function addSelector(job: Job): void {
  const { uid, name } = job.metadata;
  const template = (job.spec.template ??= {});
  template.metadata ??= {};
  template.metadata.labels = {
    ...template.metadata.labels,
    [`${PREFIX}controller-uid`]: uid,
    [`${PREFIX}job-name`]: name,
    'controller-uid': uid,
    'job-name': name,
  };
  job.spec.selector = {
    matchLabels: { ...job.spec.selector?.matchLabels, [`${PREFIX}controller-uid`]: uid },
  };
}

function validateSelector({ spec }: Job): FieldError[] {
  if (spec.selector === undefined) return [required('spec.selector')];
  const errors = validateLabelSelector('spec.selector', spec.selector);
  const labels = spec.template?.metadata?.labels;
  if (!matchesSelector(spec.selector, labels)) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalid('spec.template.metadata.labels', goStringMap(labels), why));
  }
  return errors;
}

function validateUpdate({ spec }: Job, { spec: before }: Job): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.completionMode !== 'Indexed' && spec.completions !== before.completions) {
    errors.push(immutableValue('spec.completions', spec.completions));
  }
  if (!equalJson(spec.selector, before.selector)) {
    errors.push(immutableValue('spec.selector', goSelector(spec.selector)));
  }
  if (!equalJson(spec.template, before.template)) {
    errors.push(immutableValue('spec.template', new GoText('core.PodTemplateSpec{…}')));
  }
  if (spec.completionMode !== before.completionMode) {
    errors.push(immutableValue('spec.completionMode', spec.completionMode));
  }
  return errors;
}

function jobStatus({ metadata, status }: Job): string {
  const has = (wanted: string): boolean =>
    status?.conditions?.some((one) => one.type === wanted && one.status === 'True') ?? false;
  for (const type of ['Complete', 'Failed']) if (has(type)) return type;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const type of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'])
    if (has(type)) return type;
  return 'Running';
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function countOf(status: unknown): number {
  const count: unknown =
    typeof status === 'object' && status !== null ? Reflect.get(status, 'succeeded') : undefined;
  return typeof count === 'number' ? count : 0;
}

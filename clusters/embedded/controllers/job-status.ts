import type { Job, Pod } from './objects.js';
import { restartsOf } from './pods.js';
import { parseTime, timestamp } from './times.js';

type Condition = NonNullable<NonNullable<Job['status']>['conditions']>[number];

const BACKOFF_FIRST_MS = 10_000;
const BACKOFF_LAST_MS = 360_000;

/** The condition that ended the job, if it has ended. */
export function finishedCondition(job: Job): Condition | undefined {
  return job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

export function findCondition(job: Job, type: string): Condition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type);
}

export function jobCondition(
  type: string,
  now: number,
  why: { status?: 'True' | 'False'; reason: string; message: string },
): Condition {
  return {
    type,
    status: why.status ?? 'True',
    lastProbeTime: timestamp(now),
    lastTransitionTime: timestamp(now),
    reason: why.reason,
    message: why.message,
  };
}

/** Why the job must fail now, if it must. */
export function failureOf(
  job: Job,
  options: { failed: number; active: readonly Pod[]; now: number },
): { reason: string; message: string } | undefined {
  const limit = job.spec?.backoffLimit ?? 6;
  const restarts = options.active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  const retries = job.spec?.template.spec?.restartPolicy === 'OnFailure' ? restarts : 0;
  if (options.failed > limit || (retries > 0 && retries >= limit)) {
    return {
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    };
  }
  const deadline = deadlineInMs(job, options.now);
  if (deadline !== undefined && deadline <= 0) {
    return {
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    };
  }
  return undefined;
}

/** Milliseconds until activeDeadlineSeconds have passed; undefined where there is no deadline. */
export function deadlineInMs(job: Job, now: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  if (seconds === undefined || job.status?.startTime === undefined) return undefined;
  return parseTime(job.status.startTime) + seconds * 1000 - now;
}

/** Milliseconds to wait before the next try after failures: ten seconds, then twice as long each time. */
export function backoffInMs(
  pods: readonly Pod[],
  options: { failed: number; now: number },
): number {
  if (options.failed === 0) return 0;
  let last = 0;
  for (const pod of pods) {
    if (pod.status?.phase === 'Succeeded') return 0;
    if (pod.status?.phase === 'Failed') last = Math.max(last, finishedAt(pod));
  }
  const delay = Math.min(BACKOFF_FIRST_MS * 2 ** (options.failed - 1), BACKOFF_LAST_MS);
  return Math.max(0, last + delay - options.now);
}

function finishedAt(pod: Pod): number {
  let at = parseTime(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp);
  for (const { state } of pod.status?.containerStatuses ?? []) {
    at = Math.max(at, parseTime(state?.terminated?.finishedAt));
  }
  return at;
}

import type { ControllerContext } from './context.js';
import {
  formatIndexes,
  INDEX_LABEL,
  indexedSpec,
  indexOf,
  isIndexed,
  parseIndexes,
} from './job-indexes.js';
import {
  backoffInMs,
  deadlineInMs,
  failureOf,
  findCondition,
  finishedCondition,
  jobCondition,
} from './job-status.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { Job, Pod } from './objects.js';
import { controllerOf } from './owners.js';
import { createPod, deletePod, podFromTemplate, retryUnlessTerminating } from './pod-control.js';
import { isActive, isFinished, isReady } from './pods.js';
import { parseTime, timestamp } from './times.js';

const COMPONENT = 'job-controller';
const JOBS = 'jobs.batch';
/** Keeps a finished pod until it is counted, whoever deletes it meanwhile. */
const TRACKING = 'batch.kubernetes.io/job-tracking';

/** Runs pods to completion. */
export function createJobController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const jobs = cache.informer<Job>(JOBS);
  const queue = loop.queue(COMPONENT, sync);
  const strays = loop.queue('job-stray-pods', freeStray);

  jobs.on(({ type, object }) => {
    queue.add(keyOf(object));
    if (type !== 'DELETED') return;
    for (const pod of pods.byController.get(object.metadata.uid).values()) strays.add(keyOf(pod));
  });
  pods.informer.on(({ type, object }) => {
    const owner = controllerOf(object);
    if (owner?.kind === 'Job') {
      queue.add(`${namespaceOf(object)}/${owner.name}`);
      if (type !== 'DELETED' && isTracked(object)) strays.add(keyOf(object));
    } else if (isTracked(object)) strays.add(keyOf(object));
  });

  /** A pod whose job is gone has nobody to count it. */
  function freeStray(key: string): void {
    const { name, namespace } = parseKey(key);
    const pod = api.get<Pod>('pods', name, namespace);
    if (pod === undefined || !isTracked(pod)) return;
    const owner = controllerOf(pod);
    const job = owner?.kind === 'Job' ? api.get<Job>(JOBS, owner.name, namespace) : undefined;
    if (job === undefined || job.metadata.uid !== owner?.uid) free(pod);
  }

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const job = api.get<Job>(JOBS, name, namespace);
    if (job === undefined) return;
    const own = [...pods.byController.get(job.metadata.uid).values()];
    if (finishedCondition(job) !== undefined) {
      for (const pod of own.filter(isTracked)) if (isCounted(pod)) free(pod);
      expire(job);
      return;
    }
    const progress = count(job, own);
    let failure: unknown;
    if (job.metadata.deletionTimestamp === undefined) {
      try {
        proceed(job, progress);
      } catch (error) {
        failure = error;
      }
    }
    writeStatus(job, progress);
    for (const pod of progress.newlyFinished) free(pod);
    const ended = progress.conditions.find(({ type }) => type === 'Complete' || type === 'Failed');
    if (ended !== undefined) tellEnd(job, ended);
    retryUnlessTerminating(failure);
  }

  function count(job: Job, own: readonly Pod[]): Progress {
    const newlyFinished = own.filter((pod) => isTracked(pod) && isCounted(pod));
    const succeeded = newlyFinished.filter((pod) => pod.status?.phase === 'Succeeded');
    const completed = parseIndexes(job.status?.completedIndexes);
    if (isIndexed(job)) {
      for (const pod of succeeded) {
        const index = indexOf(pod);
        if (index !== undefined) completed.add(index);
      }
    }
    return {
      own,
      active: own.filter(isActive),
      newlyFinished,
      succeeded: isIndexed(job) ? completed.size : (job.status?.succeeded ?? 0) + succeeded.length,
      failed: (job.status?.failed ?? 0) + newlyFinished.length - succeeded.length,
      completed,
      conditions: [...(job.status?.conditions ?? [])],
      startTime: job.status?.startTime,
    };
  }

  /** Decides what comes next, and does it. Changes `progress` to what is then true. */
  function proceed(job: Job, progress: Progress): void {
    const now = api.now();
    const target = findCondition(job, 'FailureTarget');
    const failure =
      target === undefined
        ? failureOf(job, { failed: progress.failed, active: progress.active, now })
        : { reason: target.reason ?? '', message: target.message ?? '' };
    if (failure !== undefined) {
      stop(job, progress, progress.active);
      if (target === undefined) {
        progress.conditions.push(jobCondition('FailureTarget', now, failure));
      }
      if (progress.own.every((pod) => isFinished(pod))) {
        progress.conditions.push(jobCondition('Failed', now, failure));
      }
      return;
    }
    if (isComplete(job, progress)) {
      stop(job, progress, progress.active);
      const why = {
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      };
      progress.conditions.push(
        jobCondition('SuccessCriteriaMet', now, why),
        jobCondition('Complete', now, why),
      );
      return;
    }
    if (job.spec?.suspend === true) {
      suspend(job, progress);
      return;
    }
    resume(job, progress);
    balance(job, progress);
    const deadline = deadlineInMs(
      { ...job, status: { ...job.status, startTime: progress.startTime } },
      now,
    );
    if (deadline !== undefined) queue.addAfter(keyOf(job), deadline);
  }

  function suspend(job: Job, progress: Progress): void {
    stop(job, progress, progress.active);
    progress.startTime = undefined;
    if (findCondition(job, 'Suspended')?.status === 'True') return;
    const why = { reason: 'JobSuspended', message: 'Job suspended' };
    setCondition(progress, jobCondition('Suspended', api.now(), why));
    tell(job, 'Normal', { reason: 'Suspended', message: why.message });
  }

  function resume(job: Job, progress: Progress): void {
    progress.startTime ??= timestamp(api.now());
    if (findCondition(job, 'Suspended')?.status !== 'True') return;
    const why = { status: 'False', reason: 'JobResumed', message: 'Job resumed' } as const;
    setCondition(progress, jobCondition('Suspended', api.now(), why));
    tell(job, 'Normal', { reason: 'Resumed', message: why.message });
  }

  function balance(job: Job, progress: Progress): void {
    const parallelism = job.spec?.parallelism ?? 1;
    const { completions } = job.spec ?? {};
    const started = progress.active.length;
    const wanted =
      completions === undefined
        ? progress.succeeded > 0
          ? started
          : parallelism
        : Math.min(parallelism, completions - progress.succeeded);
    if (started > wanted) {
      stop(job, progress, progress.active.slice(wanted));
      return;
    }
    const waitMs = backoffInMs(progress.own, { failed: progress.failed, now: api.now() });
    if (started < wanted && waitMs > 0) {
      queue.addAfter(keyOf(job), waitMs);
      return;
    }
    const free = isIndexed(job) ? freeIndexes(job, progress) : [];
    for (let i = started; i < wanted; i += 1) {
      progress.active.push(start(job, free[i - started]));
    }
  }

  function start(job: Job, index: number | undefined): Pod {
    const suffix = index === undefined ? '' : `${index}-`;
    const note: Record<string, string> =
      index === undefined ? {} : { [INDEX_LABEL]: String(index) };
    const pod = podFromTemplate(job, job.spec?.template, {
      generateName: `${job.metadata.name}-${suffix}`,
      labels: note,
      ...(index !== undefined && { annotations: note }),
      finalizers: [TRACKING],
    });
    if (index !== undefined) pod['spec'] = indexedSpec(job, job.spec?.template.spec, index);
    return createPod(context, job, { pod, component: COMPONENT });
  }

  function stop(job: Job, progress: Progress, doomed: readonly Pod[]): void {
    for (const pod of doomed) deletePod(context, job, { pod, component: COMPONENT });
    progress.active = progress.active.filter((pod) => !doomed.includes(pod));
  }

  function free(pod: Pod): void {
    api.update<Pod>('pods', locate(pod), (draft) => {
      if (draft.metadata.uid !== pod.metadata.uid) return;
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter(
        (name) => name !== TRACKING,
      );
    });
  }

  function writeStatus(job: Job, progress: Progress): void {
    const { active, succeeded, failed, conditions, completed, startTime } = progress;
    const complete = conditions.find(({ type }) => type === 'Complete');
    const terminating = progress.own.filter(
      (pod) => pod.metadata.deletionTimestamp !== undefined && !isFinished(pod),
    ).length;
    api.update<Job>(JOBS, { ...locate(job), subresource: 'status' }, (draft) => {
      draft.status = {
        ...(conditions.length > 0 && { conditions }),
        ...(startTime !== undefined && { startTime }),
        ...(complete !== undefined && { completionTime: complete.lastTransitionTime }),
        ...(active.length > 0 && { active: active.length }),
        ...(succeeded > 0 && { succeeded }),
        ...(failed > 0 && { failed }),
        terminating,
        ...(completed.size > 0 && { completedIndexes: formatIndexes(completed) }),
        uncountedTerminatedPods: {},
        ready: active.filter(isReady).length,
      };
    });
  }

  function tellEnd(job: Job, ended: { type: string; reason?: string; message?: string }): void {
    if (ended.type === 'Complete') {
      tell(job, 'Normal', { reason: 'Completed', message: 'Job completed' });
    } else {
      tell(job, 'Warning', { reason: ended.reason ?? '', message: ended.message ?? '' });
    }
  }

  function tell(
    job: Job,
    type: 'Normal' | 'Warning',
    what: { reason: string; message: string },
  ): void {
    api.event(job, { type, ...what, component: COMPONENT });
  }

  /** A finished job with a time to live goes when that has passed. */
  function expire(job: Job): void {
    const seconds = job.spec?.ttlSecondsAfterFinished;
    if (seconds === undefined || job.metadata.deletionTimestamp !== undefined) return;
    const at = parseTime(finishedCondition(job)?.lastTransitionTime) + seconds * 1000;
    if (at > api.now()) queue.addAfter(keyOf(job), at - api.now());
    else api.delete(JOBS, { ...locate(job), uid: job.metadata.uid, propagation: 'Foreground' });
  }
}

interface Progress {
  own: readonly Pod[];
  active: Pod[];
  /** Pods whose end this sync counts. */
  newlyFinished: readonly Pod[];
  succeeded: number;
  failed: number;
  completed: Set<number>;
  conditions: NonNullable<NonNullable<Job['status']>['conditions']>;
  startTime: string | undefined;
}

function isComplete(job: Job, progress: Progress): boolean {
  const { completions } = job.spec ?? {};
  if (completions !== undefined) return progress.succeeded >= completions;
  return progress.succeeded > 0 && progress.active.length === 0;
}

/** A pod that is being deleted before it finished has failed. */
function isCounted(pod: Pod): boolean {
  return isFinished(pod) || pod.metadata.deletionTimestamp !== undefined;
}

function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(TRACKING) === true;
}

function freeIndexes(job: Job, progress: Progress): number[] {
  const taken = new Set(progress.active.map(indexOf));
  const indexes: number[] = [];
  for (let i = 0; i < (job.spec?.completions ?? 0); i += 1) {
    if (!progress.completed.has(i) && !taken.has(i)) indexes.push(i);
  }
  return indexes;
}

function setCondition(progress: Progress, condition: Progress['conditions'][number]): void {
  progress.conditions = [
    ...progress.conditions.filter(({ type }) => type !== condition.type),
    condition,
  ];
}

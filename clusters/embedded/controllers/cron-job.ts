import { messageOf } from '../../../common/errors.js';
import type { ControllerContext } from './context.js';
import { parseCron } from './cron-schedule.js';
import type { CronSchedule } from './cron-schedule.js';
import { finishedCondition } from './job-status.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { CronJob, Job } from './objects.js';
import { controllerOf, controllerReference, controllerUids } from './owners.js';
import { parseTime, timestamp } from './times.js';

const COMPONENT = 'cronjob-controller';
const CRON_JOBS = 'cronjobs.batch';
const JOBS = 'jobs.batch';
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** More missed times than this are not looked at one by one. */
const TOO_MANY_MISSED = 100;

/** Starts Jobs by the clock. Timers run only while there are CronJobs. */
export function createCronJobController(context: ControllerContext): void {
  const { api, cache, loop } = context;
  const cronJobs = cache.informer<CronJob>(CRON_JOBS);
  const jobs = cache.informer<Job>(JOBS);
  const byController = jobs.index(controllerUids);
  const queue = loop.queue(COMPONENT, sync);

  cronJobs.on(({ object }) => {
    queue.add(keyOf(object));
  });
  jobs.on(({ object }) => {
    const owner = controllerOf(object);
    if (owner?.kind === 'CronJob') queue.add(`${namespaceOf(object)}/${owner.name}`);
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const cronJob = api.get<CronJob>(CRON_JOBS, name, namespace);
    if (cronJob === undefined) return;
    const own = [...byController.get(cronJob.metadata.uid).values()];
    const status = notice(cronJob, own);
    forget(cronJob, own);
    if (cronJob.metadata.deletionTimestamp === undefined && cronJob.spec?.suspend !== true) {
      const schedule = scheduleOf(cronJob);
      if (schedule !== undefined) {
        const due = lastDue(cronJob, schedule);
        if (due !== undefined) start(cronJob, { due, own, status });
        const next = schedule.next(api.now());
        if (next !== undefined) queue.addAfter(key, next - api.now());
      }
    }
    api.update<CronJob>(CRON_JOBS, { ...locate(cronJob), subresource: 'status' }, (draft) => {
      draft.status = status;
    });
  }

  function scheduleOf(cronJob: CronJob): CronSchedule | undefined {
    const text = cronJob.spec?.schedule ?? '';
    try {
      return parseCron(text, cronJob.spec?.timeZone);
    } catch (error) {
      const message = `unparseable schedule: ${text} : ${messageOf(error)}`;
      api.event(cronJob, {
        type: 'Warning',
        reason: 'UnparseableSchedule',
        message,
        component: COMPONENT,
      });
      return undefined;
    }
  }

  /** Which jobs run now, and which were seen to end. */
  function notice(cronJob: CronJob, own: readonly Job[]): Status {
    const status: Status = { ...cronJob.status };
    const known = new Set((cronJob.status?.active ?? []).map(({ uid }) => uid));
    for (const job of own) {
      const ended = finishedCondition(job);
      if (ended === undefined) continue;
      if (known.has(job.metadata.uid)) {
        tell(
          cronJob,
          'SawCompletedJob',
          `Saw completed job: ${job.metadata.name}, condition: ${ended.type}`,
        );
      }
      const { completionTime } = job.status ?? {};
      if (parseTime(completionTime) > parseTime(status.lastSuccessfulTime)) {
        status.lastSuccessfulTime = completionTime;
      }
    }
    setActive(
      status,
      own.filter((job) => finishedCondition(job) === undefined),
    );
    return status;
  }

  function forget(cronJob: CronJob, own: readonly Job[]): void {
    const limits = [
      ['Complete', cronJob.spec?.successfulJobsHistoryLimit ?? 3],
      ['Failed', cronJob.spec?.failedJobsHistoryLimit ?? 1],
    ] as const;
    for (const [type, limit] of limits) {
      const ended = own
        .filter((job) => finishedCondition(job)?.type === type)
        .sort((a, b) => parseTime(a.status?.startTime) - parseTime(b.status?.startTime));
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) remove(cronJob, job);
    }
  }

  /** The latest time that should have had a job by now and had none. */
  function lastDue(cronJob: CronJob, schedule: CronSchedule): number | undefined {
    const now = api.now();
    const { lastScheduleTime } = cronJob.status ?? {};
    let after = parseTime(lastScheduleTime ?? cronJob.metadata.creationTimestamp);
    const deadline = cronJob.spec?.startingDeadlineSeconds;
    if (deadline !== undefined) after = Math.max(after, now - deadline * 1000);
    let due: number | undefined;
    for (let i = 0; i <= TOO_MANY_MISSED; i += 1) {
      const at = schedule.next(due ?? after);
      if (at === undefined || at > now) return due;
      due = at;
    }
    // So far behind, only the last one matters: look just before now.
    for (let window = 60_000; ; window *= 2) {
      const at = schedule.next(now - window);
      if (at !== undefined && at <= now) return at;
    }
  }

  function start(
    cronJob: CronJob,
    options: { due: number; own: readonly Job[]; status: Status },
  ): void {
    const { due, own, status } = options;
    const active = own.filter((job) => finishedCondition(job) === undefined);
    const policy = cronJob.spec?.concurrencyPolicy ?? 'Allow';
    if (policy === 'Forbid' && active.length > 0) {
      tell(
        cronJob,
        'JobAlreadyActive',
        'Not starting job because prior execution is running and concurrency policy is Forbid',
      );
      return;
    }
    if (policy === 'Replace') for (const job of active) remove(cronJob, job);
    const name = `${cronJob.metadata.name}-${Math.floor(due / 60_000)}`;
    if (api.get(JOBS, name, namespaceOf(cronJob)) !== undefined) return;
    const template = cronJob.spec?.jobTemplate;
    const job = api.create<Job>(JOBS, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace: namespaceOf(cronJob),
        ...(template?.metadata?.labels && { labels: template.metadata.labels }),
        annotations: { ...template?.metadata?.annotations, [SCHEDULED_AT]: timestamp(due) },
        ownerReferences: [controllerReference(cronJob)],
      },
      spec: template?.spec,
    });
    tell(cronJob, 'SuccessfulCreate', `Created job ${name}`);
    status.lastScheduleTime = timestamp(due);
    setActive(status, policy === 'Replace' ? [job] : [...active, job]);
  }

  function remove(cronJob: CronJob, job: Job): void {
    api.delete(JOBS, { ...locate(job), uid: job.metadata.uid, propagation: 'Background' });
    tell(cronJob, 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
  }

  function tell(cronJob: CronJob, reason: string, message: string): void {
    api.event(cronJob, { type: 'Normal', reason, message, component: COMPONENT });
  }
}

type Status = NonNullable<CronJob['status']>;

function setActive(status: Status, active: readonly Job[]): void {
  if (active.length === 0) {
    delete status.active;
    return;
  }
  status.active = active.map((job) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    name: job.metadata.name,
    namespace: namespaceOf(job),
    uid: job.metadata.uid,
    resourceVersion: job.metadata.resourceVersion,
  }));
}

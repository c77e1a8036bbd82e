import { messageOf } from '../../../common/errors.js';
import { rollingLimits, wantedReplicas } from './deployment-scale.js';
import type { Deployment, ReplicaSet } from './objects.js';
import type { ReplicaSets } from './deployment-revisions.js';
import { parseTime, timestamp } from './times.js';

type Status = NonNullable<Deployment['status']>;
type Condition = NonNullable<Status['conditions']>[number];

const DEFAULT_DEADLINE_SECONDS = 600;

/** The status that a Deployment must have, given its ReplicaSets. */
export function deploymentStatus(
  deployment: Deployment,
  options: { sets: ReplicaSets; now: number; createError?: unknown },
): Status {
  const { current, old } = options.sets;
  const all = current === undefined ? old : [...old, current];
  const replicas = sum(all, (set) => set.status?.replicas);
  const available = sum(all, (set) => set.status?.availableReplicas);
  const wanted = sum(all, (set) => set.spec?.replicas);
  const known = deployment.status ?? {};
  const counts = {
    replicas,
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(all, (set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  };
  const status: Status = { observedGeneration: deployment.metadata.generation ?? 0 };
  for (const [field, value] of Object.entries(counts)) {
    if (value > 0) Object.assign(status, { [field]: value });
  }
  if (known.collisionCount !== undefined) status.collisionCount = known.collisionCount;
  const conditions = [
    ...keepOthers(known.conditions ?? []),
    availableCondition(deployment, available, options.now),
    progressCondition(deployment, { ...options, status, counts }),
    failureCondition(all, options),
  ].filter((condition) => condition !== undefined);
  status.conditions = conditions.map((condition) => settle(condition, known.conditions ?? []));
  return status;
}

/** Complete: every replica is of the current template and available, and none of another is left. */
export function isComplete(deployment: Deployment, status: Status): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** Milliseconds until the progress deadline passes; undefined where none runs. */
export function deadlineInMs(deployment: Deployment, now: number): number | undefined {
  const progressing = find(deployment.status?.conditions ?? [], 'Progressing');
  if (progressing === undefined || deployment.spec?.paused === true) return undefined;
  if (progressing.reason === 'NewReplicaSetAvailable' || progressing.status !== 'True')
    return undefined;
  const seconds = deployment.spec?.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS;
  if (seconds >= 2 ** 31 - 1) return undefined;
  return Math.max(0, parseTime(progressing.lastUpdateTime) + seconds * 1000 - now);
}

function availableCondition(deployment: Deployment, available: number, now: number): Condition {
  const enough = available >= wantedReplicas(deployment) - rollingLimits(deployment).maxUnavailable;
  return {
    type: 'Available',
    status: enough ? 'True' : 'False',
    ...times(now),
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough
      ? 'Deployment has minimum availability.'
      : 'Deployment does not have minimum availability.',
  };
}

function progressCondition(
  deployment: Deployment,
  options: {
    sets: ReplicaSets;
    now: number;
    status: Status;
    counts: Record<string, number>;
    createError?: unknown;
  },
): Condition | undefined {
  const { now, sets, status } = options;
  const known = find(deployment.status?.conditions ?? [], 'Progressing');
  const name = sets.current?.metadata.name ?? '';
  const make = (
    value: 'True' | 'False' | 'Unknown',
    reason: string,
    message: string,
  ): Condition => ({
    type: 'Progressing',
    status: value,
    ...times(now),
    reason,
    message,
  });
  if (options.createError !== undefined) {
    return make(
      'False',
      'ReplicaSetCreateError',
      `Failed to create new replica set: ${messageOf(options.createError)}`,
    );
  }
  if (deployment.spec?.paused === true) {
    return known?.reason === 'DeploymentPaused'
      ? known
      : make('Unknown', 'DeploymentPaused', 'Deployment is paused');
  }
  if (known?.reason === 'DeploymentPaused') {
    return make('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  }
  const settled =
    known?.reason === 'NewReplicaSetAvailable' && known.message?.includes(`"${name}"`);
  const stale =
    (deployment.status?.observedGeneration ?? 0) < (deployment.metadata.generation ?? 0);
  if (isComplete(deployment, status) && sets.current !== undefined) {
    // Scaling a finished rollout is no rollout: its condition stays.
    if (settled === true) return known;
    return make(
      'True',
      'NewReplicaSetAvailable',
      `ReplicaSet "${name}" has successfully progressed.`,
    );
  }
  if (settled === true) return known;
  if (known === undefined || (stale && !known.message?.includes(`"${name}"`))) {
    return make('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`);
  }
  if (hasProgressed(deployment, status)) {
    return make('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`);
  }
  const deadline = deadlineInMs(deployment, now);
  if (deadline !== undefined && deadline <= 0) {
    return make(
      'False',
      'ProgressDeadlineExceeded',
      `ReplicaSet "${name}" has timed out progressing.`,
    );
  }
  return known;
}

/** More new, fewer old, more ready or available than before. */
function hasProgressed(deployment: Deployment, status: Status): boolean {
  const known = deployment.status ?? {};
  const old = (of: Status): number => (of.replicas ?? 0) - (of.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (known.updatedReplicas ?? 0) ||
    old(status) < old(known) ||
    (status.readyReplicas ?? 0) > (known.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (known.availableReplicas ?? 0)
  );
}

function failureCondition(
  sets: readonly ReplicaSet[],
  options: { now: number; createError?: unknown },
): Condition | undefined {
  if (options.createError !== undefined) {
    return {
      type: 'ReplicaFailure',
      status: 'True',
      ...times(options.now),
      reason: 'FailedCreate',
      message: messageOf(options.createError),
    };
  }
  for (const set of sets) {
    const failure = set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (failure === undefined) continue;
    return {
      type: 'ReplicaFailure',
      status: failure.status,
      ...times(options.now),
      reason: failure.reason ?? '',
      message: failure.message ?? '',
    };
  }
  return undefined;
}

/** Times stay where nothing changed: transition with the status, update with status or reason. */
function settle(condition: Condition, known: readonly Condition[]): Condition {
  const before = find(known, condition.type);
  if (before === undefined) return condition;
  if (before.status === condition.status && before.reason === condition.reason) {
    // A rollout that moves on within one reason restarts the deadline.
    if (condition.reason !== 'ReplicaSetUpdated' || condition === before) {
      return before.message === condition.message
        ? before
        : { ...before, message: condition.message ?? '' };
    }
  }
  if (before.status !== condition.status) return condition;
  return {
    ...condition,
    lastTransitionTime: before.lastTransitionTime ?? condition.lastTransitionTime ?? '',
  };
}

function keepOthers(conditions: readonly Condition[]): Condition[] {
  const ours = new Set(['Available', 'Progressing', 'ReplicaFailure']);
  return conditions.filter(({ type }) => !ours.has(type));
}

function find(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

function times(now: number): { lastUpdateTime: string; lastTransitionTime: string } {
  return { lastUpdateTime: timestamp(now), lastTransitionTime: timestamp(now) };
}

function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((total, set) => total + (count(set) ?? 0), 0);
}

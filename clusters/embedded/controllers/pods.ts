import type { Pod } from './objects.js';
import { parseTime } from './times.js';

/** Neither finished nor about to go. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** When a pod that is ready became so, in milliseconds since the epoch. */
export function readySince(pod: Pod): number {
  return parseTime(readyCondition(pod)?.lastTransitionTime);
}

/** Milliseconds until the pod counts as available: 0 = it is, undefined = it is not ready. */
export function availableInMs(
  pod: Pod,
  options: { minReadySeconds: number | undefined; now: number },
): number | undefined {
  if (!isReady(pod)) return undefined;
  const minReadySeconds = options.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return 0;
  return Math.max(0, readySince(pod) + minReadySeconds * 1000 - options.now);
}

export function restartsOf(pod: Pod): number {
  let restarts = 0;
  for (const status of pod.status?.containerStatuses ?? []) restarts += status.restartCount;
  return restarts;
}

function readyCondition(pod: Pod): { status: string; lastTransitionTime?: string } | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === 'Ready');
}

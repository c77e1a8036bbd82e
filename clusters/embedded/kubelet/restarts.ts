import type { PodObject } from '../network/objects.js';
import type { ContainerRecord } from './container-record.js';

/** Which containers run again, and when a pod is over: the rules of `restartPolicy`. */

export const FIRST_BACKOFF_S = 10;
export const LAST_BACKOFF_S = 300;

export function mayRestart(pod: PodObject, record: ContainerRecord, exitCode: number): boolean {
  if (record.role === 'ephemeral') return false;
  if (record.role === 'sidecar') return true;
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (record.role === 'init') return policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** Nothing of it will run again, sidecars aside. */
export function isOver(pod: PodObject, records: readonly ContainerRecord[]): boolean {
  const failedInit = records.some(
    ({ role, state }) =>
      role === 'init' && state.terminated !== undefined && state.terminated.exitCode !== 0,
  );
  if (failedInit && pod.spec.restartPolicy === 'Never') return true;
  const apps = records.filter(({ role }) => role === 'app');
  return apps.every(
    (record) =>
      record.state.terminated !== undefined &&
      !mayRestart(pod, record, record.state.terminated.exitCode),
  );
}

/** `10s`, `2m40s`. */
export function backOffText(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

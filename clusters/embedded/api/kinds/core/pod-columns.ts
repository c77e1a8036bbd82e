import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import { humanDuration } from '../human-duration.js';
import type { Loose } from '../loose.js';
import type { Pod } from './pod.js';

type Status = Loose<ContainerStatus>;

export function podReady(pod: Pod): string {
  const statuses = pod.status?.containerStatuses ?? [];
  const sidecars = sidecarNames(pod);
  const sidecarStatuses = (pod.status?.initContainerStatuses ?? []).filter(({ name = '' }) =>
    sidecars.has(name),
  );
  const ready = [
    ...statuses.filter((status) => status.ready === true && status.state?.running !== undefined),
    ...sidecarStatuses.filter((status) => status.ready === true),
  ].length;
  return `${ready}/${(pod.spec.containers ?? []).length + sidecars.size}`;
}

/** The word under STATUS: the first trouble of an init container, else of the containers, else the phase. */
export function podStatus(pod: Pod): string {
  let reason = filled(pod.status?.reason) ?? pod.status?.phase ?? '';
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.reason === 'SchedulingGated') reason = 'SchedulingGated';
  const initializing = initReason(pod);
  if (initializing !== undefined && !isInitialized(pod)) reason = initializing;
  else reason = containerReason(pod, reason);
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    ? reason
    : 'Terminating';
}

export function podRestarts(pod: Pod, now: number): string {
  const sidecars = sidecarNames(pod);
  const init = pod.status?.initContainerStatuses ?? [];
  const initializing = initReason(pod) !== undefined && !isInitialized(pod);
  const counted = initializing
    ? init
    : [
        ...init.filter(({ name = '' }) => sidecars.has(name)),
        ...(pod.status?.containerStatuses ?? []),
      ];
  const restarts = counted.reduce((sum, status) => sum + (status.restartCount ?? 0), 0);
  const last = Math.max(0, ...counted.map((status) => finishedAt(status)));
  if (restarts === 0 || last === 0) return String(restarts);
  return `${restarts} (${humanDuration(now - last)} ago)`;
}

export function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const open = gates.filter(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  return `${open.length}/${gates.length}`;
}

/** What the first init container that has not done its part says; undefined once all have. */
function initReason(pod: Pod): string | undefined {
  const sidecars = sidecarNames(pod);
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated !== undefined && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecars.has(status.name ?? '') && status.started === true) continue;
    if (terminated !== undefined) return `Init:${terminationReason(terminated)}`;
    const why = filled(waiting?.reason);
    if (why !== undefined && why !== 'PodInitializing') return `Init:${why}`;
    return `Init:${index}/${(pod.spec.initContainers ?? []).length}`;
  }
  return undefined;
}

function isInitialized(pod: Pod): boolean {
  return (
    pod.status?.conditions?.some(
      ({ type, status }) => type === 'Initialized' && status === 'True',
    ) ?? false
  );
}

function containerReason(pod: Pod, before: string): string {
  let reason = before;
  let running = false;
  for (const { state, ready } of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    const waiting = filled(state?.waiting?.reason);
    if (waiting !== undefined) reason = waiting;
    else if (state?.terminated !== undefined) reason = terminationReason(state.terminated);
    else if (ready === true && state?.running !== undefined) running = true;
  }
  if (reason === 'Completed' && running) return isReady(pod) ? 'Running' : 'NotReady';
  return reason;
}

function terminationReason(terminated: {
  reason?: string;
  signal?: number;
  exitCode?: number;
}): string {
  const reason = filled(terminated.reason);
  if (reason !== undefined) return reason;
  if ((terminated.signal ?? 0) !== 0) return `Signal:${terminated.signal ?? 0}`;
  return `ExitCode:${terminated.exitCode ?? 0}`;
}

function isReady(pod: Pod): boolean {
  return (
    pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
    false
  );
}

function finishedAt(status: Status): number {
  const time = status.lastState?.terminated?.finishedAt;
  return time === undefined ? 0 : Date.parse(time);
}

/** Init containers that go on beside the others. */
function sidecarNames(pod: Pod): Set<string> {
  const sidecars = (pod.spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
  return new Set(sidecars.map(({ name = '' }) => name));
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

import type { Container, ContainerState, EphemeralContainer } from 'kubernetes-types/core/v1.js';
import type { PodObject } from '../network/objects.js';

export type ContainerRole = 'init' | 'sidecar' | 'app' | 'ephemeral';

/** What the kubelet knows of one container of a pod. */
export interface ContainerRecord {
  readonly name: string;
  readonly role: ContainerRole;
  state: ContainerState;
  lastState: ContainerState;
  restartCount: number;
  /** A start probe has passed, or there is none and the process runs. */
  started: boolean;
  ready: boolean;
  /** The agent's id of the process that runs or ran last; empty before the first. */
  process: string;
  imageID: string;
  /** Set while a restart waits: when it may happen, in milliseconds since the epoch. */
  backOffUntil?: number;
  backOffSeconds: number;
  /** The same for pulls that fail. */
  pullBackOffUntil?: number;
  pullBackOffSeconds: number;
  /** Why we end it ourselves: the event's words, and what happens then. */
  killing?: { deadline: number };
}

export function containerSpecs(
  pod: PodObject,
): { role: ContainerRole; spec: Container | EphemeralContainer }[] {
  return [
    ...(pod.spec.initContainers ?? []).map((spec) => ({
      role: spec.restartPolicy === 'Always' ? ('sidecar' as const) : ('init' as const),
      spec,
    })),
    ...pod.spec.containers.map((spec) => ({ role: 'app' as const, spec })),
    ...(pod.spec.ephemeralContainers ?? []).map((spec) => ({ role: 'ephemeral' as const, spec })),
  ];
}

export function newRecord(pod: PodObject, name: string, role: ContainerRole): ContainerRecord {
  const initial =
    (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  return {
    name,
    role,
    state: { waiting: { reason: initial } },
    lastState: {},
    restartCount: 0,
    started: false,
    ready: false,
    process: '',
    imageID: '',
    backOffSeconds: 0,
    pullBackOffSeconds: 0,
  };
}

/** The record as an earlier run of the host wrote it into the pod's status. */
export function recordFromStatus(
  pod: PodObject,
  name: string,
  role: ContainerRole,
): ContainerRecord {
  const record = newRecord(pod, name, role);
  const all = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ];
  const status = all.find((one) => one.name === name);
  if (status === undefined) return record;
  record.restartCount = status.restartCount;
  record.state = status.state ?? record.state;
  record.lastState = status.lastState ?? {};
  record.imageID = status.imageID;
  record.started = status.started ?? false;
  record.ready = status.ready;
  if (status.containerID !== undefined && status.containerID !== '') {
    record.process = processId(pod, name, record.restartCount);
  }
  // The wait starts again from the number of restarts so far.
  if (record.restartCount > 0) {
    record.backOffSeconds = Math.min(300, 10 * 2 ** Math.max(0, record.restartCount - 1));
  }
  return record;
}

export function processId(pod: PodObject, container: string, attempt: number): string {
  return `${pod.metadata.uid}/${container}/${attempt}`;
}

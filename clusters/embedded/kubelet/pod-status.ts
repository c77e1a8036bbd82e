import { createHash } from 'node:crypto';
import type { Container, ContainerStatus, EphemeralContainer } from 'kubernetes-types/core/v1.js';
import type { PodObject, StoredCondition, StoredPodStatus } from '../network/objects.js';
import { containerSpecs, type ContainerRecord } from './container-record.js';
import { parseQuantity } from './downward.js';

export interface StatusInput {
  pod: PodObject;
  records: ReadonlyMap<string, ContainerRecord>;
  hostIP: string;
  /** Empty while there is no sandbox. */
  podIP: string;
  startTime: string;
  /** Set once nothing of the pod will run again. */
  ended: boolean;
  /** Overrides what the containers say: evicted, deadline exceeded. */
  failure?: { reason: string; message: string };
  now: string;
}

/** A pod's status as a kubelet would report it. Pure; what others wrote (PodScheduled, gates) is kept. */
export function podStatusOf(input: StatusInput): StoredPodStatus {
  const { pod, records } = input;
  const phase = settledPhase(input);
  const specs = containerSpecs(pod);
  const statuses = (roles: readonly string[]): ContainerStatus[] =>
    specs.flatMap(({ role, spec }) => {
      const record = records.get(spec.name);
      return roles.includes(role) && record !== undefined ? [containerStatus(spec, record)] : [];
    });
  const init = statuses(['init', 'sidecar']);
  const ephemeral = statuses(['ephemeral']);
  const { podIP, hostIP } = input;
  return {
    ...kept(pod.status),
    phase,
    conditions: conditionsOf(input, phase),
    ...(input.failure ?? {}),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === '' ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: input.startTime,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: statuses(['app']),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: qosClassOf(pod),
  };
}

function kept(status: StoredPodStatus | undefined): StoredPodStatus {
  const { nominatedNodeName, resourceClaimStatuses } = status ?? {};
  return {
    ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
    ...(resourceClaimStatuses === undefined ? {} : { resourceClaimStatuses }),
  };
}

/** A pod has ended only when nothing of it runs any more, sidecars included. */
function settledPhase(input: StatusInput): string {
  const phase = input.failure === undefined ? phaseOf(input) : 'Failed';
  if (phase !== 'Failed' && phase !== 'Succeeded') return phase;
  const isRunning = [...input.records.values()].some(({ state }) => state.running !== undefined);
  return isRunning ? 'Running' : phase;
}

function phaseOf({ pod, records, ended }: StatusInput): string {
  const policy = pod.spec.restartPolicy ?? 'Always';
  let waiting = 0;
  let running = 0;
  let stopped = 0;
  let succeeded = 0;
  for (const record of records.values()) {
    const exit = record.state.terminated ?? record.lastState.terminated;
    if (record.role === 'init') {
      if (record.state.terminated?.exitCode === 0) continue;
      if (exit !== undefined && exit.exitCode !== 0 && policy === 'Never') return 'Failed';
      if (!ended) return 'Pending';
      continue;
    }
    if (record.role === 'sidecar') {
      if (!record.started && !ended) return 'Pending';
      continue;
    }
    if (record.role === 'ephemeral') continue;
    if (record.state.running !== undefined) running++;
    else if (exit === undefined) waiting++;
    else {
      stopped++;
      if (exit.exitCode === 0) succeeded++;
    }
  }
  if (waiting > 0) return ended ? 'Failed' : 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (policy === 'Always' && !ended) return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return policy === 'Never' || ended ? 'Failed' : 'Running';
}

function conditionsOf(input: StatusInput, phase: string): StoredCondition[] {
  const { pod, records } = input;
  const done = phase === 'Succeeded' || phase === 'Failed';
  const doneReason = phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed';
  const incomplete = [...records.values()].filter((record) =>
    record.role === 'init'
      ? record.state.terminated?.exitCode !== 0
      : record.role === 'sidecar' && !record.started,
  );
  const unready = [...records.values()].filter(
    (record) => (record.role === 'app' || record.role === 'sidecar') && !record.ready,
  );
  const initialized: Draft =
    incomplete.length === 0 || phase === 'Succeeded'
      ? { status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : {
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${incomplete.map(({ name }) => name).join(' ')}]`,
        };
  const containersReady: Draft = done
    ? { status: 'False', reason: doneReason }
    : unready.length === 0
      ? { status: 'True' }
      : {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.map(({ name }) => name).join(' ')}]`,
        };
  const gate = pod.spec.readinessGates?.find(
    ({ conditionType }) =>
      pod.status?.conditions?.find(({ type }) => type === conditionType)?.status !== 'True',
  );
  const ready: Draft =
    containersReady.status === 'True' && gate !== undefined
      ? {
          status: 'False',
          reason: 'ReadinessGatesNotReady',
          message: `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`,
        }
      : containersReady;
  const ours: [string, Draft][] = [
    ['PodReadyToStartContainers', { status: input.podIP !== '' && !done ? 'True' : 'False' }],
    ['Initialized', initialized],
    ['Ready', ready],
    ['ContainersReady', containersReady],
    ['PodScheduled', { status: 'True' }],
  ];
  const before = pod.status?.conditions ?? [];
  const names = new Set(ours.map(([type]) => type));
  return [
    ...ours.map(([type, draft]): StoredCondition => {
      const old = before.find((one) => one.type === type);
      const since = old?.status === draft.status ? old.lastTransitionTime : undefined;
      return {
        type,
        status: draft.status,
        lastProbeTime: null,
        lastTransitionTime: since ?? input.now,
        ...(draft.reason === undefined ? {} : { reason: draft.reason }),
        ...(draft.message === undefined ? {} : { message: draft.message }),
      };
    }),
    ...before.filter(({ type }) => !names.has(type)),
  ];
}

interface Draft {
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

function containerStatus(
  spec: Container | EphemeralContainer,
  record: ContainerRecord,
): ContainerStatus {
  const mounts = (spec.volumeMounts ?? []).map((mount) => ({
    name: mount.name,
    mountPath: mount.mountPath,
    ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
  }));
  const imageName = spec.image ?? '';
  return {
    name: record.name,
    state: record.state,
    lastState: record.lastState,
    ready: record.role === 'init' ? record.state.terminated?.exitCode === 0 : record.ready,
    restartCount: record.restartCount,
    image: record.imageID === '' ? imageName : fullImageName(imageName),
    imageID: record.imageID,
    ...(record.process === '' ? {} : { containerID: containerIdOf(record.process) }),
    started: record.started,
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}

/** Looks like any runtime's, and always the same for the same process. */
export function containerIdOf(process: string): string {
  return `gatehouse://${createHash('sha256').update(process).digest('hex')}`;
}

/** `nginx` is `docker.io/library/nginx:latest`, as container runtimes write it. */
export function fullImageName(image: string): string {
  const slash = image.indexOf('/');
  const first = slash === -1 ? '' : image.slice(0, slash);
  const hasHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const withHost = hasHost
    ? image
    : slash === -1
      ? `docker.io/library/${image}`
      : `docker.io/${image}`;
  const tail = withHost.slice(withHost.lastIndexOf('/'));
  return tail.includes(':') || tail.includes('@') ? withHost : `${withHost}:latest`;
}

export function qosClassOf(pod: PodObject): string {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const values = containers.map(({ resources }) => ({
    limits: resources?.limits ?? {},
    requests: resources?.requests ?? {},
  }));
  const isSet = (value: string | undefined): boolean => parseQuantity(value ?? '0') > 0;
  const any = values.some(({ limits, requests }) =>
    ['cpu', 'memory'].some((name) => isSet(limits[name]) || isSet(requests[name])),
  );
  if (!any) return 'BestEffort';
  const all = values.every(({ limits, requests }) =>
    ['cpu', 'memory'].every(
      (name) =>
        isSet(limits[name]) &&
        parseQuantity(requests[name] ?? limits[name] ?? '0') === parseQuantity(limits[name] ?? '0'),
    ),
  );
  return all ? 'Guaranteed' : 'Burstable';
}

/** Seconds precision, as Kubernetes writes times. */
export function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

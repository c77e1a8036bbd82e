import type { ClusterApi, KubeObject } from '../../api/cluster-api.js';
import type { NodeObject, PodObject } from '../../network/objects.js';

/** What keeps a cluster from being ready, in words; empty when nothing does. */
export function missingForReadiness(
  api: ClusterApi,
  scope: { nodesOnly: boolean; barePods: readonly { namespace: string; name: string }[] },
): string[] {
  const missing: string[] = [];
  if (scope.nodesOnly) return missing;
  for (const node of api.list<NodeObject>('nodes')) {
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status !== 'True') missing.push(`node ${node.metadata.name} is not Ready`);
  }
  for (const [resource, isThere] of WORKLOADS) {
    for (const object of api.list<Workload>(resource)) {
      if (object.metadata.annotations?.[NO_WAIT] === 'false') continue;
      if (!isThere(object)) {
        const { namespace = '', name } = object.metadata;
        missing.push(`${object.kind} ${namespace}/${name} is not available`);
      }
    }
  }
  for (const { namespace, name } of scope.barePods) {
    const pod = api.get<PodObject>('pods', name, namespace);
    if (pod === undefined || pod.metadata.annotations?.[NO_WAIT] === 'false') continue;
    const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    if (!ready && pod.status?.phase !== 'Succeeded')
      missing.push(`Pod ${namespace}/${name} is not Ready`);
  }
  return missing;
}

/** What pods that are not Ready say of themselves; at most a few. */
export function complaintsOf(api: ClusterApi): string[] {
  const complaints: string[] = [];
  for (const pod of api.list<PodObject>('pods')) {
    const { status } = pod;
    const isReady = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    if (isReady || status?.phase === 'Succeeded') continue;
    const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    for (const { name: container, state, lastState } of all) {
      const waiting = state?.waiting;
      const ended = state?.terminated ?? lastState?.terminated;
      if (waiting !== undefined && waiting.reason !== 'PodInitializing') {
        complaints.push(
          `${name} ${container}: ${waiting.reason ?? ''} ${waiting.message ?? ''}`.trim(),
        );
      }
      if (ended !== undefined && ended.exitCode !== 0) {
        complaints.push(
          `${name} ${container}: ended with ${ended.exitCode} ${ended.message ?? ''}`.trim(),
        );
      }
    }
    const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (scheduled?.status === 'False')
      complaints.push(`${name}: ${scheduled.message ?? 'not scheduled'}`);
  }
  return complaints.slice(0, 10);
}

/** On a baseline object that is meant not to become available: with the value `"false"`. */
export const NO_WAIT = 'gatehouse.dev/wait';

type Workload = KubeObject & {
  spec?: { replicas?: number };
  status?: Record<string, number | undefined>;
};

const isSeen = ({ metadata, status }: Workload): boolean =>
  (status?.['observedGeneration'] ?? -1) >= (metadata.generation ?? 0);

const WORKLOADS: readonly [string, (object: Workload) => boolean][] = [
  [
    'deployments.apps',
    (object) => {
      const wanted = object.spec?.replicas ?? 1;
      const { updatedReplicas = 0, availableReplicas = 0 } = object.status ?? {};
      return isSeen(object) && updatedReplicas >= wanted && availableReplicas >= wanted;
    },
  ],
  [
    'statefulsets.apps',
    (object) =>
      isSeen(object) && (object.status?.['readyReplicas'] ?? 0) >= (object.spec?.replicas ?? 1),
  ],
  [
    'daemonsets.apps',
    (object) => {
      const { desiredNumberScheduled, numberAvailable = 0 } = object.status ?? {};
      return (
        isSeen(object) &&
        desiredNumberScheduled !== undefined &&
        numberAvailable >= desiredNumberScheduled
      );
    },
  ],
];

const WATCHED = ['nodes', 'pods', ...WORKLOADS.map(([resource]) => resource)];

/** Resolves when nothing is missing any more; rejects with what is missing when the time is over or by the signal. */
export function waitReady(
  api: ClusterApi,
  missing: () => string[],
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
      for (const stop of stops.splice(0)) stop();
      if (error === undefined) resolve();
      else reject(error);
    };
    const abort = (): void => {
      finish(new Error('cancelled'));
    };
    const timer = setTimeout(() => {
      finish(new NotReadyError([...missing(), ...complaintsOf(api)]));
    }, options.timeoutMs);
    let isAsked = false;
    const look = (): void => {
      if (isAsked) return;
      isAsked = true;
      setImmediate(() => {
        isAsked = false;
        if (stops.length > 0 && missing().length === 0) finish();
      });
    };
    if (options.signal.aborted) {
      abort();
      return;
    }
    options.signal.addEventListener('abort', abort, { once: true });
    for (const resource of WATCHED) stops.push(api.watch(resource, look));
    look();
  });
}

/** Something of the baseline did not become available in time. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
  readonly missing: readonly string[];

  constructor(missing: readonly string[]) {
    super(`not available in time: ${missing.join('; ')}`);
    this.missing = missing;
  }
}

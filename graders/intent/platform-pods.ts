import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteNamespace, deletePod } from '../../clusters/platform-api.js';
import type { Cluster } from '../../clusters/provider.js';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { messageOf } from '../../common/errors.js';
import { objectsOfKind, viewOf, type ClusterView } from '../cluster-view.js';

/** A pod that the platform wants for a moment. */
export interface WantedPod {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  /** It answers there; without it the pod does nothing at all. */
  serves?: { port: number; protocol: 'TCP' | 'UDP' };
  ports: readonly { name: string; port: number; protocol: string }[];
}

export interface WantedNamespace {
  name: string;
  labels: Readonly<Record<string, string>>;
}

const START_MS = 8000;
const POLL_MS = 25;
/** No policy can select by it, and it tells what a crash left behind. */
const MARK = 'gatehouse.dev/trial';

/** A name that nobody can foresee and that says nothing. */
export function unforeseenName(): string {
  return `p${randomBytes(5).toString('hex')}`;
}

/**
 * Makes pods (and namespaces) of the platform's own, waits until they run as wanted, lets them be used, and
 * removes them, whatever happens. Where they do not come to run, says why instead of using them.
 */
export async function withPlatformPods<T>(
  cluster: Cluster,
  wanted: {
    namespaces: readonly WantedNamespace[];
    pods: readonly WantedPod[];
    view: ClusterView;
    signal: AbortSignal;
  },
  use: (view: ClusterView) => Promise<T>,
): Promise<{ used: T } | { notReady: string }> {
  const { namespaces, pods, view, signal } = wanted;
  try {
    try {
      await cluster.apply([
        ...namespaces.map(namespaceObject),
        ...pods.map((pod) => podObject(pod, view)),
      ]);
    } catch (error) {
      return { notReady: messageOf(error) };
    }
    const ready = await waitFor(cluster, pods, signal);
    if ('notReady' in ready) return ready;
    return { used: await use(ready.view) };
  } finally {
    const isNew = new Set(namespaces.map(({ name }) => name));
    // What cannot be removed now is found by the next trial.
    await Promise.allSettled([
      ...pods.filter((pod) => !isNew.has(pod.namespace)).map((pod) => deletePod(cluster, pod)),
      ...namespaces.map(({ name }) => deleteNamespace(cluster, name)),
    ]);
  }
}

/** What a grader that crashed left behind; older than any trial takes. */
export async function removeLeftBehind(cluster: Cluster, view: ClusterView): Promise<void> {
  for (const object of view.objects) {
    const since = valueAt(object, ['metadata', 'annotations', MARK]);
    if (typeof since !== 'string' || !(Date.now() - Date.parse(since) > 60_000)) continue;
    const name = valueAt(object, ['metadata', 'name']);
    const namespace = valueAt(object, ['metadata', 'namespace']);
    if (typeof name !== 'string') continue;
    if (object['kind'] === 'Namespace') await deleteNamespace(cluster, name);
    if (object['kind'] === 'Pod' && typeof namespace === 'string') {
      await deletePod(cluster, { namespace, name });
    }
  }
}

function namespaceObject({ name, labels }: WantedNamespace): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations: mark() } };
}

function podObject(pod: WantedPod, view: ClusterView): JsonObject {
  const { namespace, name, labels, serves } = pod;
  const image =
    serves === undefined
      ? { image: 'registry.k8s.io/pause:3.9' }
      : {
          image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
          args: ['netexec', ...portsToServe(serves)],
        };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      labels: { ...labels },
      annotations: mark(),
      ownerReferences: ownersOf(namespace, view),
    },
    spec: {
      terminationGracePeriodSeconds: 0,
      // Nothing in it asks the API server anything.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      // Never Ready, so that no Service of the learner's sends it anything.
      readinessGates: [{ conditionType: 'gatehouse.dev/never' }],
      containers: [
        {
          name: 'c',
          ...image,
          ports: pod.ports.map((port) => ({
            name: port.name,
            containerPort: port.port,
            protocol: port.protocol,
          })),
        },
      ],
    },
  };
}

/** netexec serves both; the other one where it harms nobody. */
function portsToServe({ port, protocol }: { port: number; protocol: 'TCP' | 'UDP' }): string[] {
  const other = port === 65_000 ? 65_001 : 65_000;
  return protocol === 'TCP'
    ? [`--http-port=${port}`, `--udp-port=${other}`]
    : [`--http-port=${other}`, `--udp-port=${port}`];
}

/** A controller of its own, so that no ReplicaSet of the learner's takes the pod for one of its own. */
function ownersOf(namespace: string, { objects }: ClusterView): JsonObject[] {
  const found = objectsOfKind(objects, 'v1', 'Namespace').find(
    (object) => valueAt(object, ['metadata', 'name']) === namespace,
  );
  const uid = valueAt(found, ['metadata', 'uid']);
  return typeof uid === 'string'
    ? [{ apiVersion: 'v1', kind: 'Namespace', name: namespace, uid, controller: true }]
    : [];
}

function mark(): JsonObject {
  return { [MARK]: new Date().toISOString() };
}

/** Until all run with the labels they were given: an admission webhook may have had other ideas. */
async function waitFor(
  cluster: Cluster,
  pods: readonly WantedPod[],
  signal: AbortSignal,
): Promise<{ view: ClusterView } | { notReady: string }> {
  const until = performance.now() + START_MS;
  for (;;) {
    const askedAt = performance.now();
    const view = viewOf(await cluster.snapshot());
    const tookMs = performance.now() - askedAt;
    const states = pods.map((pod) => stateOf(pod, view));
    if (states.every((state) => state === 'running')) return { view };
    const problem = states.find((state) => state !== 'running' && state !== 'starting');
    if (problem !== undefined) return { notReady: problem };
    if (performance.now() > until) return { notReady: 'they did not start in time' };
    // Where answers are slow, many ask: those who wait leave time for those who work.
    await sleep(Math.max(POLL_MS, 2 * tookMs), undefined, { signal });
  }
}

function stateOf({ namespace, name, labels }: WantedPod, view: ClusterView): string {
  const pod = view.pods.find((one) => one.namespace === namespace && one.name === name);
  if (pod === undefined) return 'one of them is gone';
  if (pod.problem !== undefined) return pod.problem;
  if (pod.phase !== 'Running' || pod.addresses.length === 0) return 'starting';
  return isJsonObject(pod.labels) && sameLabels(pod.labels, labels)
    ? 'running'
    : 'something changed their labels';
}

function sameLabels(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys({ ...a, ...b });
  return keys.every((key) => a[key] === b[key]);
}

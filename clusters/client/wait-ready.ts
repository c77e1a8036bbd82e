import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../common/errors.js';
import { valueAt, type JsonObject } from '../../common/json.js';
import { objectsAt, textAt, type KubeApi, type Resource } from './kube-api.js';

/** On an object that is meant not to become available: with the value `"false"`. */
const NO_WAIT = 'gatehouse.dev/wait';

const resource = (group: string, plural: string, kind: string): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: plural !== 'nodes',
  verbs: [],
});
export const NODES = resource('', 'nodes', 'Node');
export const PODS = resource('', 'pods', 'Pod');
export const SERVICES = resource('', 'services', 'Service');
const WORKLOADS = [
  resource('apps', 'deployments', 'Deployment'),
  resource('apps', 'daemonsets', 'DaemonSet'),
  resource('apps', 'statefulsets', 'StatefulSet'),
];

/** What keeps nodes from being there (and Ready), in words. */
export function missingNodes(
  nodes: readonly JsonObject[],
  wanted: { count: number; ready: boolean },
): string[] {
  const missing: string[] = [];
  if (nodes.length < wanted.count) {
    missing.push(`${nodes.length} of ${wanted.count} nodes are registered`);
  }
  if (!wanted.ready) return missing;
  for (const node of nodes) {
    if (!isReady(node)) missing.push(`node ${textAt(node, ['metadata', 'name'])} is not Ready`);
  }
  return missing;
}

/** What keeps Deployments, DaemonSets, StatefulSets and pods of nobody from being available, in words. */
export function missingWorkloads(
  workloads: readonly JsonObject[],
  pods: readonly JsonObject[],
): string[] {
  const missing: string[] = [];
  for (const object of workloads) {
    if (mayBeMissing(object) || isAvailable(object)) continue;
    missing.push(`${textAt(object, ['kind'])} ${nameOf(object)} is not available`);
  }
  for (const pod of pods) {
    if (mayBeMissing(pod) || objectsAt(pod, ['metadata', 'ownerReferences']).length > 0) continue;
    if (!isReady(pod) && textAt(pod, ['status', 'phase']) !== 'Succeeded') {
      missing.push(`Pod ${nameOf(pod)} is not Ready`);
    }
  }
  return missing;
}

/** What pods that are not Ready say of themselves; at most a few. */
export function complaintsOf(pods: readonly JsonObject[]): string[] {
  const complaints: string[] = [];
  for (const pod of pods) {
    if (isReady(pod) || textAt(pod, ['status', 'phase']) === 'Succeeded') continue;
    const containers = ['initContainerStatuses', 'containerStatuses'].flatMap((field) =>
      objectsAt(pod, ['status', field]),
    );
    for (const container of containers) {
      const reason = textAt(container, ['state', 'waiting', 'reason']);
      if (reason === '' || reason === 'PodInitializing' || reason === 'ContainerCreating') continue;
      const message = textAt(container, ['state', 'waiting', 'message']);
      complaints.push(`${nameOf(pod)}: ${reason} ${message}`.trim());
    }
    const scheduled = objectsAt(pod, ['status', 'conditions']).find(
      (condition) => condition['type'] === 'PodScheduled',
    );
    if (scheduled?.['status'] === 'False') {
      complaints.push(`${nameOf(pod)}: ${textAt(scheduled, ['message']) || 'not scheduled'}`);
    }
  }
  return complaints.slice(0, 6);
}

export interface WaitScope {
  nodes: { count: number; ready: boolean };
  /** Whether workloads are waited for too, and whose. */
  workloads: 'none' | 'all' | { namespaces: readonly string[] };
}

/** Resolves when nothing of the scope is missing; rejects with CLUSTER_FAILED, saying what is, when the time is over. */
export async function waitReady(
  api: KubeApi,
  scope: WaitScope,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const until = performance.now() + options.timeoutMs;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  let missing: string[];
  let complaints: string[] = [];
  for (let round = 0; ; round += 1) {
    try {
      ({ missing, complaints } = await look(api, scope, signal));
      if (missing.length === 0) return;
    } catch (error) {
      // The API server comes and goes while a cluster starts.
      if (!(error instanceof GatehouseError) || error.code !== 'CLUSTER_UNREACHABLE') throw error;
      missing = [error.message];
    }
    if (performance.now() > until) {
      const seconds = Math.round(options.timeoutMs / 1000);
      throw new GatehouseError(
        'CLUSTER_FAILED',
        `not available within ${seconds} s: ${[...missing, ...complaints].join('; ')}`,
        {
          fix: 'look at the pods: kubectl get pods -A; a missing image: docker pull IMAGE, then try again',
        },
      );
    }
    await pause(Math.min(500, 50 + round * 25), signal);
  }
}

async function look(
  api: KubeApi,
  scope: WaitScope,
  signal: { signal?: AbortSignal },
): Promise<{ missing: string[]; complaints: string[] }> {
  const nodes = (await api.list(NODES, signal)).items;
  const missing = missingNodes(nodes, scope.nodes);
  if (scope.workloads === 'none') return { missing, complaints: [] };
  const { workloads: whose } = scope;
  const places = whose === 'all' ? [{}] : whose.namespaces.map((namespace) => ({ namespace }));
  const [pods = [], ...workloads] = await Promise.all(
    [PODS, ...WORKLOADS].map(async (one) => {
      const lists = await Promise.all(
        places.map((where) => api.list(one, { ...where, ...signal })),
      );
      return lists.flatMap(({ items }) => items);
    }),
  );
  missing.push(...missingWorkloads(workloads.flat(), pods));
  return { missing, complaints: complaintsOf(pods) };
}

async function pause(ms: number, signal: { signal?: AbortSignal }): Promise<void> {
  try {
    await sleep(ms, undefined, signal);
  } catch {
    throw new GatehouseError('CANCELLED', 'the work was cancelled');
  }
}

export function isReady(object: JsonObject): boolean {
  return objectsAt(object, ['status', 'conditions']).some(
    (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
  );
}

function mayBeMissing(object: JsonObject): boolean {
  return textAt(object, ['metadata', 'annotations', NO_WAIT]) === 'false';
}

function isAvailable(object: JsonObject): boolean {
  const count = (path: readonly string[], otherwise: number): number => {
    const value = valueAt(object, path);
    return typeof value === 'number' ? value : otherwise;
  };
  if (count(['status', 'observedGeneration'], -1) < count(['metadata', 'generation'], 0)) {
    return false;
  }
  const wanted = count(['spec', 'replicas'], 1);
  switch (textAt(object, ['kind'])) {
    case 'DaemonSet': {
      const desired = count(['status', 'desiredNumberScheduled'], -1);
      return desired >= 0 && count(['status', 'numberAvailable'], 0) >= desired;
    }
    case 'StatefulSet':
      return count(['status', 'readyReplicas'], 0) >= wanted;
    default:
      return (
        count(['status', 'updatedReplicas'], 0) >= wanted &&
        count(['status', 'availableReplicas'], 0) >= wanted
      );
  }
}

export function nameOf(object: JsonObject): string {
  const namespace = textAt(object, ['metadata', 'namespace']);
  const name = textAt(object, ['metadata', 'name']);
  return namespace === '' ? name : `${namespace}/${name}`;
}

import type { ControllerContext } from './context.js';
import { createRevisionHistory } from './controller-revisions.js';
import { resolve } from './deployment-scale.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { DaemonSet, Node, Pod, PodSpec, Toleration } from './objects.js';
import { controllerOf } from './owners.js';
import {
  claimPods,
  createPod,
  deletePod,
  retryUnlessTerminating,
  podFromTemplate,
} from './pod-control.js';
import { availableInMs, isActive, isReady } from './pods.js';
import { matchesNode, targetNode } from './scheduler/node-affinity.js';
import { untoleratedTaint } from './scheduler/taints.js';
import { matchesSelector } from '../api/selectors/match-labels.js';
import { canonical } from './template-hash.js';
import { parseTime } from './times.js';

const COMPONENT = 'daemonset-controller';
const DAEMON_SETS = 'daemonsets.apps';
const HASH_LABEL = 'controller-revision-hash';
const GENERATION_LABEL = 'pod-template-generation';
const GENERATION_NOTE = 'deprecated.daemonset.template.generation';

/** What every daemon pod bears besides its template's own tolerations. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const HOST_NETWORK_TOLERATION: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** Keeps one pod of each DaemonSet on every node that takes it. */
export function createDaemonSetController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const sets = cache.informer<DaemonSet>(DAEMON_SETS);
  const nodes = cache.informer<Node>('nodes');
  const byNamespace = sets.index((set) => [namespaceOf(set)]);
  const history = createRevisionHistory(context);
  const queue = loop.queue(COMPONENT, sync);
  const all = new Set<string>();

  sets.on(({ type, object }) => {
    if (type === 'DELETED') all.delete(keyOf(object));
    else all.add(keyOf(object));
    queue.add(keyOf(object));
  });
  nodes.on((event) => {
    if (event.type === 'MODIFIED' && samePlacement(event.previous, event.object)) return;
    for (const key of all) queue.add(key);
  });
  pods.informer.on(({ object }) => {
    const owner = controllerOf(object);
    if (owner !== undefined) {
      if (owner.kind === 'DaemonSet') queue.add(`${namespaceOf(object)}/${owner.name}`);
      return;
    }
    for (const set of byNamespace.get(namespaceOf(object)).values()) {
      if (matchesSelector(set.spec?.selector, object.metadata.labels)) queue.add(keyOf(set));
    }
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const set = api.get<DaemonSet>(DAEMON_SETS, name, namespace);
    if (set === undefined) return;
    const placement = place(set);
    let failure: unknown;
    let hash = '';
    if (set.metadata.deletionTimestamp === undefined) {
      try {
        const revision = history.current(set, {
          template: set.spec?.template,
          collisionCount: set.status?.collisionCount,
          hashLabel: HASH_LABEL,
        });
        ({ hash } = revision);
        manage(set, { placement, hash });
        history.cleanUp(set, {
          limit: set.spec?.revisionHistoryLimit ?? 10,
          inUse: new Set([revision.name, ...revisionsInUse(set, placement)]),
        });
      } catch (error) {
        failure = error;
      }
    }
    updateStatus(set, { placement, hash });
    retryUnlessTerminating(failure);
  }

  function place(set: DaemonSet): Placement {
    const matches = (pod: Pod): boolean => matchesSelector(set.spec?.selector, pod.metadata.labels);
    const byNode = new Map<string, Pod[]>();
    for (const pod of claimPods(context, set, matches)) {
      const node = pod.spec?.nodeName ?? targetNode(pod.spec) ?? '';
      const here = byNode.get(node);
      if (here === undefined) byNode.set(node, [pod]);
      else here.push(pod);
    }
    const tolerations = daemonTolerations(set.spec?.template.spec);
    return api.list<Node>('nodes').map((node) => ({
      node,
      pods: byNode.get(node.metadata.name) ?? [],
      ...decide(set, { node, tolerations }),
    }));
  }

  function decide(
    set: DaemonSet,
    options: { node: Node; tolerations: readonly Toleration[] },
  ): { shouldRun: boolean; shouldStay: boolean } {
    const { node, tolerations } = options;
    if (!matchesNode(set.spec?.template.spec, node)) return { shouldRun: false, shouldStay: false };
    const taints = node.spec?.taints;
    return {
      shouldRun: untoleratedTaint(taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined,
      shouldStay: untoleratedTaint(taints, tolerations, ['NoExecute']) === undefined,
    };
  }

  function manage(set: DaemonSet, options: { placement: Placement; hash: string }): void {
    const { placement, hash } = options;
    const outdated: { pod: Pod; available: boolean }[] = [];
    let unavailable = 0;
    for (const { node, pods: here, shouldRun, shouldStay } of placement) {
      if (!shouldStay) {
        for (const pod of here.filter(isActive)) remove(set, pod);
        continue;
      }
      const failed = here.filter(
        (pod) => pod.status?.phase === 'Failed' && pod.metadata.deletionTimestamp === undefined,
      );
      for (const pod of failed) replaceFailed(set, pod);
      const [kept, ...surplus] = here.filter(isActive).sort(oldestFirst);
      for (const pod of surplus) remove(set, pod);
      if (kept === undefined) {
        // One that is still going keeps its place until it has gone.
        if (shouldRun && here.every((pod) => failed.includes(pod))) create(set, { node, hash });
        if (shouldRun) unavailable += 1;
        continue;
      }
      const available = isAvailable(set, kept);
      if (!available) unavailable += 1;
      if (kept.metadata.labels?.[HASH_LABEL] !== hash) outdated.push({ pod: kept, available });
    }
    if (set.spec?.updateStrategy?.type === 'OnDelete') return;
    const wanted = placement.filter(({ shouldRun }) => shouldRun).length;
    const limit = resolve(
      set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1,
      wanted,
      Math.ceil,
    );
    let room = Math.max(0, Math.max(1, limit) - unavailable);
    for (const { pod, available } of outdated) {
      if (available) {
        if (room === 0) continue;
        room -= 1;
      }
      remove(set, pod);
    }
  }

  function create(set: DaemonSet, options: { node: Node; hash: string }): void {
    const generation =
      set.metadata.annotations?.[GENERATION_NOTE] ?? String(set.metadata.generation ?? 1);
    const pod = podFromTemplate(set, set.spec?.template, {
      generateName: `${set.metadata.name}-`,
      labels: { [HASH_LABEL]: options.hash, [GENERATION_LABEL]: generation },
    });
    const spec = daemonSpec(set.spec?.template.spec, options.node.metadata.name);
    createPod(context, set, { pod: { ...pod, spec }, component: COMPONENT });
  }

  function remove(set: DaemonSet, pod: Pod): void {
    deletePod(context, set, { pod, component: COMPONENT });
  }

  function replaceFailed(set: DaemonSet, pod: Pod): void {
    api.event(set, {
      type: 'Warning',
      reason: 'FailedDaemonPod',
      message: `Found failed daemon pod ${keyOf(pod)} on node ${pod.spec?.nodeName ?? ''}, will try to kill it`,
      component: COMPONENT,
    });
    remove(set, pod);
  }

  function isAvailable(set: DaemonSet, pod: Pod): boolean {
    const inMs = availableInMs(pod, {
      minReadySeconds: set.spec?.minReadySeconds,
      now: api.now(),
    });
    if (inMs !== undefined && inMs > 0) queue.addAfter(keyOf(set), inMs);
    return inMs === 0;
  }

  function updateStatus(set: DaemonSet, options: { placement: Placement; hash: string }): void {
    let scheduled = 0;
    let misscheduled = 0;
    let desired = 0;
    let ready = 0;
    let updated = 0;
    let available = 0;
    for (const { pods: here, shouldRun } of options.placement) {
      const [pod] = here.filter(isActive).sort(oldestFirst);
      if (shouldRun) desired += 1;
      if (pod === undefined) continue;
      if (!shouldRun) {
        misscheduled += 1;
        continue;
      }
      scheduled += 1;
      if (isReady(pod)) ready += 1;
      if (isAvailable(set, pod)) available += 1;
      if (pod.metadata.labels?.[HASH_LABEL] === options.hash) updated += 1;
    }
    api.update<DaemonSet>(DAEMON_SETS, { ...locate(set), subresource: 'status' }, (draft) => {
      const { collisionCount, conditions } = draft.status ?? {};
      draft.status = {
        currentNumberScheduled: scheduled,
        numberMisscheduled: misscheduled,
        desiredNumberScheduled: desired,
        numberReady: ready,
        observedGeneration: set.metadata.generation ?? 0,
        ...(updated > 0 && { updatedNumberScheduled: updated }),
        ...(available > 0 && { numberAvailable: available }),
        ...(desired > available && { numberUnavailable: desired - available }),
        ...(collisionCount !== undefined && { collisionCount }),
        ...(conditions !== undefined && { conditions }),
      };
    });
  }
}

/** Every node with the set's pods on it, and whether it takes one and may keep one. */
type Placement = readonly { node: Node; pods: Pod[]; shouldRun: boolean; shouldStay: boolean }[];

/** The template's pod bound to one node by affinity; the scheduler does the rest. */
function daemonSpec(spec: PodSpec | undefined, node: string): PodSpec {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  return {
    containers: [],
    ...spec,
    affinity: {
      ...spec?.affinity,
      nodeAffinity: {
        ...spec?.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields }],
        },
      },
    },
    tolerations: daemonTolerations(spec),
  };
}

function daemonTolerations(spec: PodSpec | undefined): Toleration[] {
  const own = spec?.tolerations ?? [];
  const added =
    spec?.hostNetwork === true
      ? [...DAEMON_TOLERATIONS, HOST_NETWORK_TOLERATION]
      : DAEMON_TOLERATIONS;
  const known = new Set(own.map(canonical));
  return [...own, ...added.filter((toleration) => !known.has(canonical(toleration)))];
}

function revisionsInUse(set: DaemonSet, placement: Placement): string[] {
  return placement.flatMap(({ pods }) =>
    pods.map((pod) => `${set.metadata.name}-${pod.metadata.labels?.[HASH_LABEL] ?? ''}`),
  );
}

function samePlacement(a: Node, b: Node): boolean {
  return (
    canonical(a.metadata.labels ?? {}) === canonical(b.metadata.labels ?? {}) &&
    canonical(a.spec ?? {}) === canonical(b.spec ?? {})
  );
}

function oldestFirst(a: Pod, b: Pod): number {
  return (
    Number((b.spec?.nodeName ?? '') !== '') - Number((a.spec?.nodeName ?? '') !== '') ||
    parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp)
  );
}

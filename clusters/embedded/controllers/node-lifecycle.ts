import type { ControllerContext } from './context.js';
import { keyOf, locate, parseKey } from './keys.js';
import type { Node, Pod, Taint } from './objects.js';
import { isFinished, isReady } from './pods.js';
import { tolerates } from './scheduler/taints.js';
import { canonical } from './template-hash.js';
import { parseTime, timestamp } from './times.js';

const COMPONENT = 'node-controller';
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Node condition -> status that is bad -> taint. */
const CONDITION_TAINTS: readonly { type: string; status: string; key: string }[] = [
  { type: 'Ready', status: 'False', key: NOT_READY },
  { type: 'Ready', status: 'Unknown', key: UNREACHABLE },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
];
const OURS: ReadonlySet<string> = new Set([
  ...CONDITION_TAINTS.map(({ key }) => key),
  UNSCHEDULABLE,
]);
/** Only these also drive pods away. */
const EVICTING: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE]);
/** What admission gives every pod that says nothing about these two. */
const USUAL_PATIENCE_MS = 300_000;

/** Turns a node's conditions into taints, and drives away pods that do not tolerate them. */
export function createNodeLifecycleController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const nodes = cache.informer<Node>('nodes');
  const queue = loop.queue('node-lifecycle', sync);
  const evictions = loop.queue('taint-eviction', evict);
  const unwell = loop.queue('node-pods-not-ready', markPods);

  nodes.on((event) => {
    const { object } = event;
    const { name } = object.metadata;
    if (event.type === 'DELETED') return;
    queue.add(name);
    if (event.type === 'ADDED') {
      tellRegistered(object);
      addPodsOf(name);
      return;
    }
    if (readyStatus(event.previous) === 'True' && readyStatus(object) !== 'True') {
      tell(object, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      if (readyStatus(object) === 'Unknown') unwell.add(name);
    }
    if (canonical(event.previous.spec?.taints) !== canonical(object.spec?.taints)) addPodsOf(name);
  });
  pods.informer.on((event) => {
    if (event.type === 'DELETED') return;
    const node = event.object.spec?.nodeName ?? '';
    if (node === '') return;
    if (event.type === 'MODIFIED' && event.previous.spec?.nodeName === node) return;
    evictions.add(keyOf(event.object));
  });

  function addPodsOf(node: string): void {
    for (const pod of pods.byNode.get(node).values()) evictions.add(keyOf(pod));
  }

  function tellRegistered(node: Node): void {
    const { name, creationTimestamp } = node.metadata;
    // At a restart every node is told of again; only new ones are news.
    if (api.now() - parseTime(creationTimestamp) > 60_000) return;
    tell(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
  }

  function tell(node: Node, reason: string, message: string): void {
    api.event(node, { type: 'Normal', reason, message, component: COMPONENT });
  }

  function sync(name: string): void {
    const node = api.get<Node>('nodes', name);
    if (node === undefined) return;
    const known = node.spec?.taints ?? [];
    const wanted = taintsFor(node, timestamp(api.now()));
    const kept = known.filter((taint) => !OURS.has(taint.key) || wanted.some(isLike(taint)));
    const added = wanted.filter((taint) => !known.some(isLike(taint)));
    if (added.length === 0 && kept.length === known.length) return;
    api.update<Node>('nodes', { name }, (draft) => {
      const taints = [...kept, ...added];
      draft.spec = { ...draft.spec, taints };
      if (taints.length === 0) delete draft.spec.taints;
    });
  }

  /** Deletes a pod from a node whose taints it does not tolerate, or not for long. */
  function evict(key: string): void {
    const { name, namespace } = parseKey(key);
    const pod = api.get<Pod>('pods', name, namespace);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isFinished(pod))
      return;
    const node = api.get<Node>('nodes', pod.spec?.nodeName ?? '');
    let at = Infinity;
    for (const taint of node?.spec?.taints ?? []) {
      if (taint.effect !== 'NoExecute') continue;
      const tolerations = (pod.spec?.tolerations ?? []).filter((one) => tolerates(one, taint));
      const seconds = tolerations.map((one) => one.tolerationSeconds ?? Infinity);
      const unsaid = EVICTING.has(taint.key) ? USUAL_PATIENCE_MS : 0;
      const patience = tolerations.length === 0 ? unsaid : Math.max(0, Math.min(...seconds)) * 1000;
      const since = taint.timeAdded === undefined ? api.now() : parseTime(taint.timeAdded);
      at = Math.min(at, patience === 0 ? 0 : since + patience);
    }
    if (at === Infinity) return;
    if (at > api.now()) {
      evictions.addAfter(key, at - api.now());
      return;
    }
    api.event(pod, {
      type: 'Normal',
      reason: 'TaintManagerEviction',
      message: `Marking for deletion Pod ${key}`,
      component: 'taint-eviction-controller',
    });
    api.delete('pods', { ...locate(pod), uid: pod.metadata.uid });
  }

  /** A node nobody hears of cannot say that its pods are ready. */
  function markPods(name: string): void {
    const node = api.get<Node>('nodes', name);
    if (node === undefined || readyStatus(node) !== 'Unknown') return;
    const now = timestamp(api.now());
    for (const pod of pods.byNode.get(name).values()) {
      if (!isReady(pod)) continue;
      api.update<Pod>('pods', { ...locate(pod), subresource: 'status' }, (draft) => {
        for (const condition of draft.status?.conditions ?? []) {
          if (condition.type !== 'Ready' || condition.status !== 'True') continue;
          condition.status = 'False';
          condition.lastTransitionTime = now;
        }
      });
      api.event(pod, {
        type: 'Warning',
        reason: 'NodeNotReady',
        message: 'Node is not ready',
        component: COMPONENT,
      });
    }
  }
}

function taintsFor(node: Node, now: string): Taint[] {
  const taints: Taint[] = [];
  for (const { type, status, key } of CONDITION_TAINTS) {
    const condition = node.status?.conditions?.find((candidate) => candidate.type === type);
    if (condition?.status !== status) continue;
    taints.push({ key, effect: 'NoSchedule', timeAdded: now });
    if (EVICTING.has(key)) taints.push({ key, effect: 'NoExecute', timeAdded: now });
  }
  if (node.spec?.unschedulable === true) {
    taints.push({ key: UNSCHEDULABLE, effect: 'NoSchedule', timeAdded: now });
  }
  return taints;
}

function isLike(taint: Taint): (other: Taint) => boolean {
  return (other) => other.key === taint.key && other.effect === taint.effect;
}

function readyStatus(node: Node): string | undefined {
  return node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
}

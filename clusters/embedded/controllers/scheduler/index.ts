import { performance } from 'node:perf_hooks';
import type { ControllerContext } from '../context.js';
import { keyOf, locate, parseKey } from '../keys.js';
import type { Namespace, Node, Pod } from '../objects.js';
import { controllerOf } from '../owners.js';
import { isFinished } from '../pods.js';
import { canonical } from '../template-hash.js';
import { timestamp } from '../times.js';
import { failureMessage } from './failure-message.js';
import { refusalOf } from './filters.js';
import type { Candidate } from './filters.js';
import { preferredNodeScore } from './node-affinity.js';
import { allocatable, NodeUsage } from './node-usage.js';
import { hasRelations, hasRequiredAntiAffinity, relationsOf } from './pod-relations.js';
import type { ClusterView, PodRelations } from './pod-relations.js';
import { requestsOf } from './pod-requests.js';
import type { Refusal } from './refusal.js';
import { untoleratedTaint } from './taints.js';

const COMPONENT = 'default-scheduler';
const NOT_READY = 'node.kubernetes.io/not-ready';
/**
 * Nodes of a young cluster become ready one after the other. So long after the last of them changed, pods wait for
 * the others, or all would crowd onto the first.
 */
const SETTLING_MS = 300;

/** Gives every pending pod a node, the emptiest that fits. */
export function createScheduler(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const usage = new NodeUsage();
  /** Pods that found no node: key -> whether other pods matter to them. */
  const unschedulable = new Map<string, boolean>();
  const antiAffine = new Set<string>();
  let nodesChangedAt = -Infinity;
  const queue = loop.queue(COMPONENT, schedule);

  pods.informer.on((event) => {
    usage.tell(event);
    const { object } = event;
    const key = keyOf(object);
    const isPlaced = (object.spec?.nodeName ?? '') !== '';
    const isGone = event.type === 'DELETED';
    if (hasRequiredAntiAffinity(object)) {
      if (isGone || isFinished(object)) antiAffine.delete(object.metadata.uid);
      else antiAffine.add(object.metadata.uid);
    }
    if (isGone || isPlaced) unschedulable.delete(key);
    if (
      isGone ||
      (event.type === 'MODIFIED' && isFinished(object) && !isFinished(event.previous))
    ) {
      if (isPlaced) retryAll();
      return;
    }
    if (isPlaced) {
      if (event.type === 'ADDED' || event.previous.metadata.labels !== object.metadata.labels) {
        retryRelated();
      } else if ((event.previous.spec?.nodeName ?? '') === '') retryRelated();
      return;
    }
    if (event.type === 'ADDED' || event.previous.spec !== object.spec) queue.add(key);
  });
  cache.informer<Node>('nodes').on((event) => {
    if (event.type === 'MODIFIED' && looksSame(event.previous, event.object)) return;
    nodesChangedAt = performance.now();
    retryAll();
  });

  function retryAll(): void {
    for (const key of unschedulable.keys()) queue.add(key);
  }

  function retryRelated(): void {
    for (const [key, isRelated] of unschedulable) if (isRelated) queue.add(key);
  }

  function schedule(key: string): void {
    const { name, namespace } = parseKey(key);
    const pod = api.get<Pod>('pods', name, namespace);
    if (pod === undefined || !isPending(pod)) return;
    if ((pod.spec?.schedulingGates ?? []).length > 0) {
      const message = 'Scheduling is blocked due to non-empty scheduling gates';
      setUnscheduled(pod, { reason: 'SchedulingGated', message });
      return;
    }
    const nodes = api.list<Node>('nodes');
    const view: ClusterView = {
      nodes,
      podsOn: (node) => pods.byNode.get(node).values(),
      namespace: (of) => api.get<Namespace>('namespaces', of),
      hasAntiAffinity: antiAffine.size > 0,
    };
    const relations = relationsOf(pod, view);
    const refusals: Refusal[] = [];
    const feasible: Node[] = [];
    for (const node of nodes) {
      const refusal = refusalOf(candidate(pod, { node, relations }));
      if (refusal === undefined) feasible.push(node);
      else refusals.push(refusal);
    }
    const settlingMs = nodesChangedAt + SETTLING_MS - performance.now();
    if (feasible.length > 0 && settlingMs > 0 && mayGetMore(pod, { nodes, relations })) {
      unschedulable.set(key, false);
      queue.addAfter(key, settlingMs);
      return;
    }
    const best = choose(pod, { feasible, relations });
    if (best !== undefined) {
      bind(pod, best.metadata.name);
      return;
    }
    unschedulable.set(key, hasRelations(pod) || antiAffine.size > 0);
    const message = failureMessage(refusals);
    if (!setUnscheduled(pod, { reason: 'Unschedulable', message })) return;
    api.event(pod, { type: 'Warning', reason: 'FailedScheduling', message, component: COMPONENT });
  }

  function candidate(
    pod: Pod,
    { node, relations }: { node: Node; relations: PodRelations },
  ): Candidate {
    return { pod, node, usage: usage.of(node.metadata.name), relations };
  }

  /** Whether nodes that are not ready would take the pod if they were. */
  function mayGetMore(
    pod: Pod,
    { nodes, relations }: { nodes: readonly Node[]; relations: PodRelations },
  ): boolean {
    return nodes.some((node) => {
      const known = node.spec?.taints ?? [];
      const taints = known.filter((taint) => taint.key !== NOT_READY);
      if (taints.length === known.length) return false;
      const ready = { ...node, spec: { ...node.spec, taints } };
      return (
        refusalOf(candidate(pod, { node, relations })) !== undefined &&
        refusalOf(candidate(pod, { node: ready, relations })) === undefined
      );
    });
  }

  function choose(
    pod: Pod,
    options: { feasible: readonly Node[]; relations: PodRelations },
  ): Node | undefined {
    let best: Node | undefined;
    let bestScore = -Infinity;
    for (const node of options.feasible) {
      const score = scoreOf(pod, { node, relations: options.relations });
      if (score > bestScore) {
        best = node;
        bestScore = score;
      }
    }
    return best;
  }

  function scoreOf(pod: Pod, options: { node: Node; relations: PodRelations }): number {
    const { node, relations } = options;
    const used = usage.of(node.metadata.name);
    const has = allocatable(node);
    const asked = requestsOf(pod.spec);
    const cpu = (used.scoredCpu + asked.scoredCpu) / (has.get('cpu') ?? 1000);
    const memory = (used.scoredMemory + asked.scoredMemory) / (has.get('memory') ?? 2 ** 30);
    const leastAllocated = 100 - 50 * (Math.min(1, cpu) + Math.min(1, memory));
    const shunned = untoleratedTaint(node.spec?.taints, pod.spec?.tolerations, [
      'PreferNoSchedule',
    ]);
    return (
      leastAllocated +
      2 * preferredNodeScore(pod.spec, node) +
      2 * relations.score(node) -
      // Replicas of one owner go apart before anything else is weighed.
      200 * siblingsOn(pod, node) -
      (shunned === undefined ? 0 : 300) -
      used.pods / 1000
    );
  }

  function siblingsOn(pod: Pod, node: Node): number {
    const owner = controllerOf(pod);
    if (owner === undefined) return 0;
    let siblings = 0;
    for (const other of pods.byController.get(owner.uid).values()) {
      if (other.spec?.nodeName === node.metadata.name && !isFinished(other)) siblings += 1;
    }
    return siblings;
  }

  /** The kubelet tells that the pod is scheduled with its first status; only a refusal told before is corrected here. */
  function bind(pod: Pod, node: string): void {
    const key = locate(pod);
    api.update<Pod>('pods', key, (draft) => {
      if (draft.spec !== undefined) draft.spec.nodeName = node;
    });
    if (pod.status?.conditions?.some(({ type }) => type === 'PodScheduled') === true) {
      setCondition(pod, { status: 'True', lastTransitionTime: timestamp(api.now()) });
    }
    api.event(pod, {
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${keyOf(pod)} to ${node}`,
      component: COMPONENT,
    });
  }

  /** True where this is news. */
  function setUnscheduled(pod: Pod, why: { reason: string; message: string }): boolean {
    const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (known?.reason === why.reason && known.message === why.message) return false;
    const lastTransitionTime =
      known?.status === 'False' ? known.lastTransitionTime : timestamp(api.now());
    setCondition(pod, { status: 'False', lastTransitionTime, ...why });
    return true;
  }

  function setCondition(pod: Pod, condition: Omit<Condition, 'type'>): void {
    api.update<Pod>('pods', { ...locate(pod), subresource: 'status' }, (draft) => {
      const others = (draft.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
      draft.status = {
        ...draft.status,
        conditions: [...others, { type: 'PodScheduled', ...condition }],
      };
    });
  }
}

type Condition = NonNullable<NonNullable<Pod['status']>['conditions']>[number];

function isPending(pod: Pod): boolean {
  const scheduler = pod.spec?.schedulerName ?? COMPONENT;
  return (
    (pod.spec?.nodeName ?? '') === '' &&
    scheduler === COMPONENT &&
    pod.metadata.deletionTimestamp === undefined &&
    !isFinished(pod)
  );
}

function looksSame(a: Node, b: Node): boolean {
  return (
    (a.spec === b.spec || canonical(a.spec ?? {}) === canonical(b.spec ?? {})) &&
    (a.metadata.labels === b.metadata.labels ||
      canonical(a.metadata.labels ?? {}) === canonical(b.metadata.labels ?? {})) &&
    canonical(a.status?.allocatable ?? {}) === canonical(b.status?.allocatable ?? {})
  );
}

import type { Node, Pod } from '../objects.js';
import { matchesNode } from './node-affinity.js';
import { allocatable } from './node-usage.js';
import type { Usage } from './node-usage.js';
import { requestsOf } from './pod-requests.js';
import type { HostPort } from './pod-requests.js';
import type { PodRelations } from './pod-relations.js';
import type { Refusal } from './refusal.js';
import { untoleratedTaint } from './taints.js';

/** What a filter looks at; `relations` knows the other pods. */
export interface Candidate {
  pod: Pod;
  node: Node;
  usage: Usage;
  relations: PodRelations;
}

/** The first filter that refuses decides. Undefined: the node takes the pod. */
export function refusalOf(candidate: Candidate): Refusal | undefined {
  for (const filter of FILTERS) {
    const refusal = filter(candidate);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const FILTERS: readonly ((candidate: Candidate) => Refusal | undefined)[] = [
  ({ pod, node }) => {
    if (node.spec?.unschedulable !== true) return undefined;
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
    return untoleratedTaint([taint], pod.spec?.tolerations, ['NoSchedule']) === undefined
      ? undefined
      : final('node(s) were unschedulable');
  },
  ({ pod, node }) => {
    const taint = untoleratedTaint(node.spec?.taints, pod.spec?.tolerations, [
      'NoSchedule',
      'NoExecute',
    ]);
    return taint === undefined
      ? undefined
      : final(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
  },
  ({ pod, node }) =>
    matchesNode(pod.spec, node)
      ? undefined
      : final("node(s) didn't match Pod's node affinity/selector"),
  ({ pod, usage }) => {
    const wanted = requestsOf(pod.spec).hostPorts;
    return wanted.some((port) => usage.hostPorts.some((taken) => collide(port, taken)))
      ? preemptible(["node(s) didn't have free ports for the requested pod ports"])
      : undefined;
  },
  ({ pod, node, usage }) => {
    const reasons: string[] = [];
    const has = allocatable(node);
    if (usage.pods + 1 > (has.get('pods') ?? Infinity)) reasons.push('Too many pods');
    for (const [resource, amount] of requestsOf(pod.spec).amounts) {
      const room = (has.get(resource) ?? unnamed(has)) - (usage.amounts.get(resource) ?? 0);
      if (amount > 0 && amount > room) reasons.push(`Insufficient ${resource}`);
    }
    return reasons.length === 0 ? undefined : preemptible(reasons);
  },
  ({ node, relations }) => relations.refusal(node),
];

function final(reason: string): Refusal {
  return { reasons: [reason], preemptible: false };
}

function preemptible(reasons: readonly string[]): Refusal {
  return { reasons, preemptible: true };
}

function collide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0';
}

/** A node that states nothing at all is taken as large enough. */
function unnamed(has: ReadonlyMap<string, number>): number {
  return has.size === 0 ? Infinity : 0;
}

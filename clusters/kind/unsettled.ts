import type { JsonObject } from '../../common/json.js';
import { objectsAt, textAt } from '../client/kube-api.js';
import { nameOf } from '../client/wait-ready.js';

export interface WokenObjects {
  leases: readonly JsonObject[];
  nodes: readonly JsonObject[];
  pods: readonly JsonObject[];
}

/**
 * What still looks dead in a cluster that stood still until `since` (the cluster's clock, milliseconds of the epoch), in words:
 * leases that nobody has renewed, without which nothing is scheduled; nodes that the controllers have lost sight of; pods of
 * such nodes, which Services leave out though all their containers are ready. None of it is anything a learner can do.
 */
export function unsettledOf({ leases, nodes, pods }: WokenObjects, since: number): string[] {
  return [
    ...leases
      .filter((lease) => counts(lease) && renewedAt(lease) < since)
      .map((lease) => `Lease ${textAt(lease, ['metadata', 'name'])} is not renewed`),
    ...nodes
      .filter((node) => statusOf(node, 'Ready') === 'Unknown')
      .map((node) => `node ${textAt(node, ['metadata', 'name'])} is out of sight`),
    ...pods
      .filter((pod) => statusOf(pod, 'Ready') === 'False' && isTakenForDead(pod))
      .map((pod) => `Pod ${nameOf(pod)} is left out of Services`),
  ];
}

function counts(lease: JsonObject): boolean {
  const name = textAt(lease, ['metadata', 'name']);
  switch (textAt(lease, ['metadata', 'namespace'])) {
    case 'kube-node-lease':
      return true;
    case 'kube-system':
      return name === 'kube-controller-manager' || name === 'kube-scheduler';
    default:
      return false;
  }
}

function renewedAt(lease: JsonObject): number {
  return Date.parse(textAt(lease, ['spec', 'renewTime'])) || 0;
}

/** The kubelet itself would say Ready of it: the node's controller has said otherwise. */
function isTakenForDead(pod: JsonObject): boolean {
  const hasGates = objectsAt(pod, ['spec', 'readinessGates']).length > 0;
  return !hasGates && statusOf(pod, 'ContainersReady') === 'True';
}

function statusOf(object: JsonObject, type: string): string {
  const found = objectsAt(object, ['status', 'conditions']).find((one) => one['type'] === type);
  return textAt(found, ['status']);
}

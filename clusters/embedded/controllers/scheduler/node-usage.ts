import type { WatchEvent } from '../../api/cluster-api.js';
import type { Node, Pod } from '../objects.js';
import { isFinished } from '../pods.js';
import { parseAmount, requestsOf } from './pod-requests.js';
import type { HostPort, PodRequests } from './pod-requests.js';

/** What the pods of one node take of it. */
export interface Usage {
  pods: number;
  amounts: Map<string, number>;
  scoredCpu: number;
  scoredMemory: number;
  hostPorts: readonly HostPort[];
}

/** Keeps count of every node's pods as they come and go. */
export class NodeUsage {
  readonly #nodes = new Map<string, { usage: Usage; ports: Map<string, readonly HostPort[]> }>();
  readonly #placed = new Map<string, { node: string; requests: PodRequests }>();

  of(node: string): Usage {
    return this.#nodes.get(node)?.usage ?? EMPTY;
  }

  tell(event: WatchEvent<Pod>): void {
    const { object } = event;
    const { uid } = object.metadata;
    const node = object.spec?.nodeName ?? '';
    const counts = event.type !== 'DELETED' && node !== '' && !isFinished(object);
    const requests = requestsOf(object.spec);
    const before = this.#placed.get(uid);
    if (counts && before?.node === node && before.requests === requests) return;
    if (before !== undefined) {
      this.#change(before.node, { uid, requests: before.requests, sign: -1 });
      this.#placed.delete(uid);
    }
    if (counts) {
      this.#change(node, { uid, requests, sign: 1 });
      this.#placed.set(uid, { node, requests });
    }
  }

  #change(node: string, what: { uid: string; requests: PodRequests; sign: 1 | -1 }): void {
    const { uid, requests, sign } = what;
    let entry = this.#nodes.get(node);
    if (entry === undefined) {
      entry = { usage: { ...EMPTY, amounts: new Map() }, ports: new Map() };
      this.#nodes.set(node, entry);
    }
    const { usage, ports } = entry;
    usage.pods += sign;
    usage.scoredCpu += sign * requests.scoredCpu;
    usage.scoredMemory += sign * requests.scoredMemory;
    for (const [resource, amount] of requests.amounts) {
      usage.amounts.set(resource, (usage.amounts.get(resource) ?? 0) + sign * amount);
    }
    if (requests.hostPorts.length > 0) {
      if (sign === 1) ports.set(uid, requests.hostPorts);
      else ports.delete(uid);
      usage.hostPorts = [...ports.values()].flat();
    }
    if (usage.pods === 0) this.#nodes.delete(node);
  }
}

const EMPTY: Usage = {
  pods: 0,
  amounts: new Map(),
  scoredCpu: 0,
  scoredMemory: 0,
  hostPorts: [],
};

/** What a node has for pods; a resource it does not name is not there, or without limit where nothing is named. */
export function allocatable(node: Node): ReadonlyMap<string, number> {
  const before = knownCapacity.get(node);
  if (before !== undefined) return before;
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(node.status?.allocatable ?? {})) {
    amounts.set(resource, parseAmount(resource, quantity));
  }
  knownCapacity.set(node, amounts);
  return amounts;
}

const knownCapacity = new WeakMap<Node, ReadonlyMap<string, number>>();

import { createHash } from 'node:crypto';
import type { Agent } from '../agent/agent.js';
import { podCidrOf } from './addresses.js';
import type { PodObject } from './objects.js';
import { podOperations, podRemovalOperations, type PodLink } from './topology.js';

/** Addresses of pods, and the links that carry them. */
export class PodWires {
  readonly #agent: Agent;
  readonly #nodes: readonly string[];
  readonly #links = new Map<string, PodLink>();
  readonly #taken = new Map<string, string>();
  readonly #next = new Map<string, number>();

  constructor(agent: Agent, nodes: readonly string[]) {
    this.#agent = agent;
    this.#nodes = nodes;
  }

  /** The pod's address, from the moment it is chosen; empty before and after. */
  addressOf(pod: PodObject): string {
    return this.#links.get(pod.metadata.uid)?.address ?? '';
  }

  find(uid: string): PodLink | undefined {
    return this.#links.get(uid);
  }

  /** Chooses an address; the namespace comes with `connect`. */
  reserve(pod: PodObject): PodLink {
    const { uid, name, namespace = '' } = pod.metadata;
    const known = this.#links.get(uid);
    if (known !== undefined) return known;
    const node = pod.spec.nodeName ?? '';
    const link: PodLink = {
      netns: podNetns(uid),
      node,
      link: `cali${createHash('sha1').update(`${namespace}.${name}`).digest('hex').slice(0, 11)}`,
      address: this.#freeAddress(node),
    };
    this.#links.set(uid, link);
    this.#taken.set(link.address, uid);
    return link;
  }

  async connect(pod: PodObject): Promise<void> {
    await this.#agent.network(podOperations(this.reserve(pod)));
  }

  /** A link that an earlier run of the host made, as the pod's status tells. */
  adopt(pod: PodObject): PodLink | undefined {
    const { uid, name, namespace = '' } = pod.metadata;
    const address = pod.status?.podIP ?? '';
    if (address === '') return undefined;
    const link: PodLink = {
      netns: podNetns(uid),
      node: pod.spec.nodeName ?? '',
      link: `cali${createHash('sha1').update(`${namespace}.${name}`).digest('hex').slice(0, 11)}`,
      address,
    };
    this.#links.set(uid, link);
    this.#taken.set(address, uid);
    return link;
  }

  async disconnect(uid: string): Promise<void> {
    const link = this.#links.get(uid);
    if (link === undefined) return;
    this.#links.delete(uid);
    await this.#agent.network(podRemovalOperations(link));
    if (this.#taken.get(link.address) === uid) this.#taken.delete(link.address);
  }

  #freeAddress(node: string): string {
    const prefix = podCidrOf(this.#nodes.indexOf(node)).replace(/0\/24$/, '');
    const start = this.#next.get(node) ?? 2;
    for (let i = 0; i < 253; i++) {
      const last = 2 + ((start - 2 + i) % 253);
      const address = `${prefix}${last}`;
      if (this.#taken.has(address)) continue;
      this.#next.set(node, last + 1);
      return address;
    }
    throw new Error(`no free pod address on ${node}`);
  }
}

export function podNetns(uid: string): string {
  return `pod-${uid}`;
}

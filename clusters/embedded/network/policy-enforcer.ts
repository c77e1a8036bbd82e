import type { Logger } from '../../../common/logger.js';
import type { DroppedBy } from '../../../common/probe.js';
import { compile } from '../../../policy/compile.js';
import type { World, WorldPod } from '../../../policy/model.js';
import { TABLES, type Denial, type NodeRules } from '../../../policy/node-rules.js';
import { renderDelta, renderFull, renderNothing } from '../../../policy/render.js';
import type { Agent } from '../agent/agent.js';
import type { ClusterApi, KubeObject } from '../api/cluster-api.js';
import type { NodeNetwork } from '../plugins/node-network.js';
import { nodeNetns } from './addresses.js';
import { Coalescer } from './coalescer.js';
import {
  isTerminated,
  keyOf,
  type NamespaceObject,
  type NodeObject,
  type PodObject,
} from './objects.js';

export interface EnforcerOptions {
  agent: Agent;
  api: ClusterApi;
  nodes: readonly { name: string; address: string }[];
  logger: Logger;
  /** Whether policies follow the API on a node, stay as they are, or are not enforced. */
  enforcement(node: string): NodeNetwork['enforcement'];
  /** The address a pod has or is about to have; empty while it has none. */
  addressOf(pod: PodObject): string;
}

/** What is in force on one node. */
interface NodeState {
  rules: NodeRules | undefined;
  /** Set when a transaction failed: what is in force is no longer known. */
  isUnsure: boolean;
}

/** Keeps every node's policy rules in step with the cluster's objects, event by event. */
export class PolicyEnforcer {
  readonly #options: EnforcerOptions;
  readonly #pods = new Map<string, PodObject>();
  readonly #worldPods = new Map<string, { pod: PodObject; address: string; seen: WorldPod }>();
  readonly #namespaces = new Map<string, NamespaceObject>();
  readonly #policies = new Map<string, KubeObject>();
  readonly #nodeAddresses = new Map<string, readonly string[]>();
  readonly #states = new Map<string, NodeState>();
  readonly #denials = new Map<string, Denial>();
  readonly #work: Coalescer;
  readonly #stops: (() => void)[] = [];

  constructor(options: EnforcerOptions) {
    this.#options = options;
    // After a restart of the host something may be in force: the first write replaces it.
    for (const { name } of options.nodes)
      this.#states.set(name, { rules: undefined, isUnsure: true });
    this.#work = new Coalescer(() => this.#apply(), options.logger);
    const { api } = options;
    this.#stops.push(
      api.watch<PodObject>('pods', ({ type, object }) => {
        if (type === 'DELETED') this.#pods.delete(object.metadata.uid);
        else if (!this.#changesWorld(object)) return;
        else this.#pods.set(object.metadata.uid, object);
        if (type === 'DELETED') this.#worldPods.delete(object.metadata.uid);
        this.#request();
      }),
      api.watch<NamespaceObject>('namespaces', ({ type, object }) => {
        const before = this.#namespaces.get(object.metadata.name);
        if (type === 'DELETED') this.#namespaces.delete(object.metadata.name);
        else this.#namespaces.set(object.metadata.name, object);
        if (before?.metadata.labels !== object.metadata.labels) this.#request();
      }),
      api.watch<KubeObject>('networkpolicies.networking.k8s.io', ({ type, object }) => {
        if (type === 'DELETED') this.#policies.delete(keyOf(object));
        else this.#policies.set(keyOf(object), object);
        this.#request();
      }),
      api.watch<NodeObject>('nodes', ({ type, object }) => {
        const addresses = (object.status?.addresses ?? []).flatMap((one) =>
          one.type === 'InternalIP' ? [one.address] : [],
        );
        if (type === 'DELETED') this.#nodeAddresses.delete(object.metadata.name);
        else this.#nodeAddresses.set(object.metadata.name, addresses);
      }),
    );
  }

  /** A pod got or lost its address, or a plugin took charge: what must be in force may have changed. */
  refresh(): void {
    this.#request();
  }

  /** Resolves when all that was asked for so far is in force on every node. */
  settled(): Promise<void> {
    return this.#work.settled();
  }

  /** What a logged prefix stands for. */
  explainDrop(node: string, prefix: string): DroppedBy | undefined {
    const denial = this.#denials.get(prefix);
    if (denial === undefined) return undefined;
    return { node, direction: denial.direction, policies: [...denial.policies] };
  }

  stop(): void {
    this.#work.stop();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #request(): void {
    // Without policies there is nothing to enforce and nothing to wait for.
    const isIdle =
      this.#policies.size === 0 &&
      [...this.#states.values()].every(({ rules, isUnsure }) => rules === undefined && !isUnsure);
    if (!isIdle) this.#work.request();
  }

  #changesWorld(pod: PodObject): boolean {
    const before = this.#pods.get(pod.metadata.uid);
    return (
      before === undefined ||
      before.metadata.labels !== pod.metadata.labels ||
      before.spec !== pod.spec ||
      before.status?.phase !== pod.status?.phase ||
      before.status?.podIP !== pod.status?.podIP
    );
  }

  async #apply(): Promise<void> {
    const world = this.#world();
    await Promise.all(this.#options.nodes.map(({ name }) => this.#applyTo(name, world)));
  }

  async #applyTo(node: string, world: World): Promise<void> {
    const { agent } = this.#options;
    const state = this.#states.get(node);
    if (state === undefined) return;
    const netns = nodeNetns(node);
    const mode = this.#options.enforcement(node);
    if (mode === 'frozen') return;
    if (mode === 'none' || world.networkPolicies.length === 0) {
      if (state.rules === undefined && !state.isUnsure) return;
      await agent.nft(netns, renderNothing());
      state.rules = undefined;
      state.isUnsure = false;
      return;
    }
    const before = state.rules;
    const isDelta = before !== undefined && !state.isUnsure;
    const table = isDelta || before === undefined ? before?.table : otherTable(before.table);
    const next = compile(world, node, table === undefined ? {} : { table });
    for (const [prefix, denial] of next.denials) this.#denials.set(prefix, denial);
    const scripts = isDelta ? renderDelta(before, next) : renderFull(next);
    state.isUnsure = true;
    for (const script of scripts) await agent.nft(netns, script);
    state.rules = next;
    state.isUnsure = false;
  }

  #world(): World {
    const pods: WorldPod[] = [];
    for (const pod of this.#pods.values()) pods.push(this.#worldPod(pod));
    return {
      namespaces: [...this.#namespaces.values()].map(({ metadata }) => ({
        name: metadata.name,
        labels: metadata.labels ?? {},
      })),
      pods,
      nodes: this.#options.nodes.map(({ name, address }) => ({
        name,
        addresses: this.#nodeAddresses.get(name) ?? [address],
      })),
      networkPolicies: [...this.#policies.values()],
    };
  }

  #worldPod(pod: PodObject): WorldPod {
    const address = this.#options.addressOf(pod);
    const known = this.#worldPods.get(pod.metadata.uid);
    if (known?.pod === pod && known.address === address) return known.seen;
    const seen = worldPodOf(pod, address);
    this.#worldPods.set(pod.metadata.uid, { pod, address, seen });
    return seen;
  }
}

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed'] as const;

export function worldPodOf(pod: PodObject, address: string): WorldPod {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    labels: pod.metadata.labels ?? {},
    node: pod.spec.nodeName ?? '',
    addresses: address === '' || isTerminated(pod) ? [] : [address],
    hostNetwork: pod.spec.hostNetwork === true,
    phase: PHASES.find((phase) => phase === pod.status?.phase) ?? 'Unknown',
    ports: containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name, containerPort, protocol }) =>
        name === undefined ? [] : [{ name, port: containerPort, protocol: protocolOf(protocol) }],
      ),
    ),
  };
}

function protocolOf(text: string | undefined): 'TCP' | 'UDP' | 'SCTP' {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}

function otherTable(table: string): string {
  return TABLES.find((name) => name !== table) ?? TABLES[0];
}

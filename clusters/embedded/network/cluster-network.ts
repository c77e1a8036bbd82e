import type { Logger } from '../../../common/logger.js';
import type { ProbeRequest, ProbeResult } from '../../../common/probe.js';
import type { Agent } from '../agent/agent.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { FlowParty } from '../../../common/flow.js';
import { nodeAddress, nodeNetns } from './addresses.js';
import { FlowLog } from './flow-log.js';
import { readinessOf, type NetworkReadiness, type NodeNetwork } from '../plugins/node-network.js';
import type { PodObject } from './objects.js';
import { OutsideWorld } from './outside-world.js';
import { PodWires } from './pod-wires.js';
import { PolicyEnforcer } from './policy-enforcer.js';
import { startPolicyLog } from './policy-log.js';
import { probeAll } from './probing.js';
import { ServiceProxy } from './service-proxy.js';
import { lanOperations, podRouteOperations } from './topology.js';

export interface NetworkOptions {
  agent: Agent;
  api: ClusterApi;
  nodes: readonly string[];
  logger: Logger;
  /** A folder for sockets that the agent may connect to, and its user where that is another than ours. */
  sockets: string;
  uid: number | undefined;
  /** The network of a node, as its plugin has it. */
  networkOf(node: string): NodeNetwork;
  /** The namespaces an earlier run of the host left, where there was one. */
  adopted?: ReadonlySet<string>;
}

/** Everything about packets of one cluster: wires, addresses, Services, policies, probes. */
export class ClusterNetwork {
  readonly #options: NetworkOptions;
  readonly #wires: PodWires;
  readonly #outside: OutsideWorld;
  readonly #enforcer: PolicyEnforcer;
  readonly #proxy: ServiceProxy;
  readonly #stopLog: () => void;
  /** Who talked to whom. */
  readonly flows: FlowLog;
  #hasPodRoutes = false;

  private constructor(options: NetworkOptions) {
    const { agent, api, logger } = options;
    this.#options = options;
    this.#wires = new PodWires(agent, options.nodes);
    this.#outside = new OutsideWorld(agent);
    if (options.adopted !== undefined) this.#outside.adopt(options.adopted);
    const nodes = options.nodes.map((name, i) => ({ name, address: nodeAddress(i) }));
    this.#enforcer = new PolicyEnforcer({
      agent,
      api,
      nodes,
      logger,
      networkOf: (node) => options.networkOf(node),
      addressOf: (pod) => this.#wires.addressOf(pod),
    });
    this.#proxy = new ServiceProxy({
      agent,
      api,
      nodes,
      logger,
      sockets: options.sockets,
      uid: options.uid,
    });
    this.#stopLog = startPolicyLog({
      agent,
      api,
      explainLog: (prefix) => this.#enforcer.explainLog(prefix),
      podAt: (address) => this.#enforcer.podAt(address),
      nodeOf: (netns) => options.nodes.find((name) => nodeNetns(name) === netns),
    });
    this.flows = new FlowLog({
      agent,
      nodes: options.nodes,
      logger,
      partyAt: (address) => this.#partyAt(address),
      explainDrop: (node, prefix) => this.#enforcer.explainDrop(node, prefix),
      worldOf: (node) => this.#enforcer.worldOf(node),
    });
  }

  #partyAt(address: string): FlowParty {
    const pod = this.#enforcer.podAt(address);
    if (pod !== undefined) {
      return { address, pod: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}` };
    }
    const node = this.#options.nodes.find((_, i) => nodeAddress(i) === address);
    if (node !== undefined) return { address, node };
    const outside = this.#outside.hostOf(address);
    return outside === undefined ? { address } : { address, outside };
  }

  /** The wires of the LAN; before anything else, and not for a cluster that is taken over. */
  static async lay(agent: Agent, nodes: readonly string[]): Promise<void> {
    await agent.network(lanOperations(nodes));
  }

  /** Begins to follow the cluster's objects. */
  static start(options: NetworkOptions): ClusterNetwork {
    return new ClusterNetwork(options);
  }

  readiness(node: string): NetworkReadiness {
    return readinessOf(this.#options.networkOf(node));
  }

  /** A plugin took charge of a node or left it. */
  async pluginChanged(): Promise<void> {
    const { agent, nodes } = this.#options;
    if (!this.#hasPodRoutes && nodes.some((node) => this.readiness(node).ready)) {
      this.#hasPodRoutes = true;
      await agent.network(podRouteOperations(nodes));
    }
    this.#enforcer.refresh();
  }

  async setUp(pod: PodObject): Promise<{ netns: string; address: string }> {
    const link = this.#wires.reserve(pod);
    this.#enforcer.refresh();
    try {
      // The rules are in force before anything can run behind the address.
      await Promise.all([this.#wires.connect(pod), this.#enforcer.inForce()]);
    } catch (error) {
      await this.#wires.disconnect(pod.metadata.uid).catch(() => undefined);
      throw error;
    }
    return { netns: link.netns, address: link.address };
  }

  adopt(pod: PodObject): { netns: string; address: string } | undefined {
    const link = this.#wires.adopt(pod);
    if (link === undefined || this.#options.adopted?.has(link.netns) !== true) return undefined;
    return { netns: link.netns, address: link.address };
  }

  async tearDown(pod: PodObject): Promise<void> {
    await this.#wires.disconnect(pod.metadata.uid);
    this.#enforcer.refresh();
  }

  /** Resolves when every change of the API so far is in force in the kernel. */
  async settled(): Promise<void> {
    await Promise.all([this.#enforcer.settled(), this.#proxy.settled()]);
  }

  probe(requests: readonly ProbeRequest[]): Promise<ProbeResult[]> {
    const { agent, api, nodes } = this.#options;
    return probeAll(requests, {
      agent,
      api,
      nodes,
      wires: this.#wires,
      outside: this.#outside,
      explainDrop: (netns, prefix) => {
        const node = nodes.find((name) => nodeNetns(name) === netns);
        return node === undefined ? undefined : this.#enforcer.explainDrop(node, prefix);
      },
    });
  }

  stop(): void {
    this.#enforcer.stop();
    this.#proxy.stop();
    this.#stopLog();
    this.flows.stop();
  }
}

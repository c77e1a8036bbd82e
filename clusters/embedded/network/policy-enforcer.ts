import type { Logger } from '../../../common/logger.js';
import type { DroppedBy } from '../../../common/probe.js';
import { compile } from '../../../policy/compile.js';
import type { RuleRef, World } from '../../../policy/model.js';
import { TABLES, type Denial, type NodeRules } from '../../../policy/node-rules.js';
import { renderDelta, renderFull, renderNothing } from '../../../policy/render.js';
import type { Agent } from '../agent/agent.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { NodeNetwork } from '../plugins/node-network.js';
import { nodeNetns } from './addresses.js';
import { Coalescer } from './coalescer.js';
import type { PodObject } from './objects.js';
import { PolicyWorld } from './policy-world.js';

export interface EnforcerOptions {
  agent: Agent;
  api: ClusterApi;
  nodes: readonly { name: string; address: string }[];
  logger: Logger;
  /** Which policies count on a node, and whether they follow the API, stay as they are, or are not enforced. */
  networkOf(node: string): NodeNetwork;
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
  readonly #world: PolicyWorld;
  readonly #states = new Map<string, NodeState>();
  readonly #denials = new Map<string, Denial>();
  readonly #logs = new Map<string, RuleRef>();
  readonly #work: Coalescer;

  constructor(options: EnforcerOptions) {
    this.#options = options;
    // After a restart of the host something may be in force: the first write replaces it.
    for (const { name } of options.nodes)
      this.#states.set(name, { rules: undefined, isUnsure: true });
    this.#work = new Coalescer(() => this.#apply(), options.logger);
    const { api, nodes } = options;
    this.#world = new PolicyWorld({
      api,
      nodes,
      addressOf: (pod) => options.addressOf(pod),
      onChange: () => {
        this.#work.request();
      },
    });
  }

  /** A pod got or lost its address, or a plugin took charge: what must be in force may have changed. */
  refresh(): void {
    this.#world.refresh();
  }

  /** Resolves when all that was asked for so far is in force on every node; rejects where that failed. */
  inForce(): Promise<void> {
    return this.#work.caughtUp();
  }

  /** Resolves when nothing more is about to be changed. */
  settled(): Promise<void> {
    return this.#work.settled();
  }

  /** What a logged prefix stands for. */
  explainDrop(node: string, prefix: string): DroppedBy | undefined {
    const denial = this.#denials.get(prefix);
    if (denial === undefined) return undefined;
    const { direction, policies, tier, rule } = denial;
    return {
      node,
      direction,
      policies: [...policies],
      ...(tier === undefined || tier === 'default' ? {} : { tier }),
      ...(rule === undefined ? {} : { rule: rule.rule }),
    };
  }

  /** The rule that only wrote a packet to the log. */
  explainLog(prefix: string): RuleRef | undefined {
    return this.#logs.get(prefix);
  }

  /** The world that a node's policies are made for; undefined where none are enforced. */
  worldOf(node: string): World | undefined {
    const { enforcement, plugin } = this.#options.networkOf(node);
    return enforcement === 'none' ? undefined : this.#world.worldFor(plugin?.policyGroups ?? []);
  }

  podAt(address: string): PodObject | undefined {
    return this.#world.podAt(address);
  }

  stop(): void {
    this.#work.stop();
    this.#world.stop();
  }

  async #apply(): Promise<void> {
    await Promise.all(this.#options.nodes.map(({ name }) => this.#applyTo(name)));
  }

  async #applyTo(node: string): Promise<void> {
    const { agent } = this.#options;
    const state = this.#states.get(node);
    if (state === undefined) return;
    const netns = nodeNetns(node);
    const { enforcement, plugin } = this.#options.networkOf(node);
    if (enforcement === 'frozen') return;
    if (enforcement === 'none' || this.#world.isEmpty) {
      if (state.rules === undefined && !state.isUnsure) return;
      await agent.nft(netns, renderNothing());
      state.rules = undefined;
      state.isUnsure = false;
      return;
    }
    const before = state.rules;
    const isDelta = before !== undefined && !state.isUnsure;
    const table = isDelta || before === undefined ? before?.table : otherTable(before.table);
    const world = this.#world.worldFor(plugin?.policyGroups ?? []);
    const next = compile(world, node, table === undefined ? {} : { table });
    for (const [prefix, denial] of next.denials) this.#denials.set(prefix, denial);
    for (const [prefix, rule] of next.logs) this.#logs.set(prefix, rule);
    const scripts = isDelta ? renderDelta(before, next) : renderFull(next);
    state.isUnsure = true;
    for (const script of scripts) await agent.nft(netns, script);
    state.rules = next;
    state.isUnsure = false;
  }
}

function otherTable(table: string): string {
  return TABLES.find((name) => name !== table) ?? TABLES[0];
}

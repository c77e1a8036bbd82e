import { formatAddress, formatRange, union } from './address-range.js';
import { nameFor, type SetMeaning } from './compile-criteria.js';
import { compileHost } from './compile-host.js';
import { compileTiers, type CompiledTiers } from './compile-tiers.js';
import type { RuleRef, World } from './model.js';
import {
  TABLES,
  type Denial,
  type NodeRules,
  type NodeSet,
  type PodMap,
  type VerdictMap,
} from './node-rules.js';
import { DIRECTIONS } from './normal-form.js';
import { protocolWord } from './protocols.js';
import { indexWorld, NODE_INTERFACE, type WorldIndex } from './world-index.js';

export interface CompileOptions {
  /** One of `TABLES`; default the first. */
  table?: string;
  /** The netlink log group that denied packets are told to. Default 1. */
  logGroup?: number;
}

/**
 * What nftables must hold on a node: egress of the pods it hosts, ingress to them, on the forward hook; and
 * what its host endpoint lets in, out and through. A pod with an address is covered from that moment,
 * whatever its phase, so that it can be isolated before its first process starts. Pods on the node's own
 * network and finished pods are not touched.
 */
export function compile(world: World, node: string, options: CompileOptions = {}): NodeRules {
  const index = indexWorld(world);
  const families: readonly (4 | 6)[] = index.dualStack ? [4, 6] : [4];
  const target = {
    families,
    hasNetworkSets: index.hasNetworkSets,
    logGroup: options.logGroup ?? 1,
  };
  const draft = new Draft(index);
  for (const pod of index.pods) {
    if (pod.node !== node || pod.addresses.length === 0) continue;
    for (const direction of DIRECTIONS) {
      const tiers = index.tiersFor(pod, direction);
      if (tiers.length === 0) continue;
      const chain = draft.addPodChain(
        direction,
        compileTiers(tiers, { ...target, direction, accept: 'accept' }),
      );
      for (const family of families) {
        for (const text of pod.texts[family]) {
          draft.addPod({ map: `${direction}${family}`, text, chain });
        }
      }
    }
  }
  const host = index.hostOf(node);
  for (const compiled of host === undefined ? [] : compileHost(index, host, target)) {
    draft.addHostChain(compiled);
  }
  return draft.rules(options.table ?? TABLES[0], node);
}

class Draft {
  readonly #index: WorldIndex;
  readonly #sets = new Map<string, NodeSet>();
  readonly #policyChains = new Map<string, readonly string[]>();
  readonly #tierChains = new Map<string, readonly string[]>();
  readonly #podChains = new Map<string, readonly string[]>();
  readonly #hostChains = new Map<string, readonly string[]>();
  readonly #denials = new Map<string, Denial>();
  readonly #logs = new Map<string, RuleRef>();
  readonly #comments = new Map<string, RuleRef>();
  readonly #verdicts = new Map<VerdictMap, Map<string, string>>();
  readonly #self = { 4: new Set<string>(), 6: new Set<string>() };
  readonly #known = new Map<CompiledTiers, string>();

  constructor(index: WorldIndex) {
    this.#index = index;
  }

  addPodChain(direction: string, compiled: CompiledTiers): string {
    const known = this.#known.get(compiled);
    if (known !== undefined) return known;
    const name = `pod-${direction}-${nameFor(compiled.rules.join('\n'))}`;
    this.#known.set(compiled, name);
    this.#podChains.set(name, compiled.rules);
    this.#addReferences(compiled);
    return name;
  }

  addPod({ map, text, chain }: { map: PodMap; text: string; chain: string }): void {
    this.#mapOf(map).set(text, chain);
    this.#self[map.endsWith('4') ? 4 : 6].add(`${text} . ${text}`);
  }

  addHostChain(compiled: CompiledTiers & { map: VerdictMap }): void {
    const name = `host-${compiled.map}-${nameFor(compiled.rules.join('\n'))}`;
    this.#hostChains.set(name, compiled.rules);
    this.#addReferences(compiled);
    this.#mapOf(compiled.map).set(`"${NODE_INTERFACE}"`, name);
  }

  rules(table: string, node: string): NodeRules {
    for (const family of [4, 6] as const) {
      const address = `ipv${family}_addr`;
      this.#sets.set(`self${family}`, {
        type: `${address} . ${address}`,
        interval: false,
        elements: [...this.#self[family]],
      });
    }
    const mapOf = (map: VerdictMap): ReadonlyMap<string, string> => this.#mapOf(map);
    return {
      table,
      node,
      sets: this.#sets,
      policyChains: this.#policyChains,
      tierChains: this.#tierChains,
      podChains: this.#podChains,
      hostChains: this.#hostChains,
      verdicts: {
        egress4: mapOf('egress4'),
        egress6: mapOf('egress6'),
        ingress4: mapOf('ingress4'),
        ingress6: mapOf('ingress6'),
        'untracked-in': mapOf('untracked-in'),
        'untracked-out': mapOf('untracked-out'),
        'pre-dnat': mapOf('pre-dnat'),
        'host-in': mapOf('host-in'),
        'host-out': mapOf('host-out'),
        'forward-in': mapOf('forward-in'),
        'forward-out': mapOf('forward-out'),
      },
      denials: this.#denials,
      logs: this.#logs,
      comments: this.#comments,
    };
  }

  #mapOf(map: VerdictMap): Map<string, string> {
    const known = this.#verdicts.get(map) ?? new Map<string, string>();
    this.#verdicts.set(map, known);
    return known;
  }

  #addReferences(from: CompiledTiers): void {
    for (const [name, rules] of from.policyChains) this.#policyChains.set(name, rules);
    for (const [name, rules] of from.tierChains) this.#tierChains.set(name, rules);
    for (const [comment, ref] of from.comments) this.#comments.set(comment, ref);
    for (const [prefix, denial] of from.denials) this.#denials.set(prefix, denial);
    for (const [prefix, ref] of from.logs) this.#logs.set(prefix, ref);
    for (const [name, meaning] of from.sets) {
      if (!this.#sets.has(name)) this.#sets.set(name, fillSet(name, meaning, this.#index));
    }
  }
}

/** Sets mean the same on every node, so they are filled once per world. */
function fillSet(name: string, meaning: SetMeaning, index: WorldIndex): NodeSet {
  const filled = fills.get(index) ?? new Map<string, NodeSet>();
  fills.set(index, filled);
  const known = filled.get(name);
  if (known !== undefined) return known;
  const set = buildSet(meaning, index);
  filled.set(name, set);
  return set;
}

const fills = new WeakMap<WorldIndex, Map<string, NodeSet>>();

function buildSet(meaning: SetMeaning, index: WorldIndex): NodeSet {
  const { family } = meaning;
  const address = `ipv${family}_addr`;
  const plain = (type: string, elements: readonly string[]): NodeSet => ({
    type,
    interval: false,
    elements: [...new Set(elements)],
  });
  switch (meaning.type) {
    case 'ranges':
      return { type: address, interval: true, elements: meaning.ranges.map(formatRange) };
    case 'endpoints':
      return plain(
        address,
        meaning.of.flatMap((where) => index.find(where)).flatMap(({ texts }) => texts[family]),
      );
    case 'network-sets': {
      const ranges = meaning.of
        .flatMap((where) => index.find(where))
        .flatMap((endpoint) => endpoint.ranges.filter((range) => range.family === family));
      return { type: address, interval: true, elements: union(ranges).map(formatRange) };
    }
    case 'named-port':
      return plain(
        `${address} . inet_service`,
        index.endpoints.flatMap(({ ports, texts }) =>
          ports
            .filter(({ name, protocol }) => name === meaning.name && protocol === meaning.protocol)
            .flatMap(({ port }) => texts[family].map((text) => `${text} . ${port}`)),
        ),
      );
    case 'service': {
      const slices = index.services.filter(
        ({ service }) => service === `${meaning.namespace}/${meaning.name}`,
      );
      const texts = (slice: (typeof slices)[number]): string[] =>
        slice.addresses.filter((one) => one.family === family).map(formatAddress);
      if (meaning.side === 'source') return plain(address, slices.flatMap(texts));
      return plain(
        `${address} . inet_proto . inet_service`,
        slices.flatMap((slice) =>
          texts(slice).flatMap((text) =>
            slice.ports.map(
              ({ protocol, port }) => `${text} . ${protocolWord(protocol)} . ${port}`,
            ),
          ),
        ),
      );
    }
  }
}

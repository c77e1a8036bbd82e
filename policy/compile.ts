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
import { DIRECTIONS, type Direction } from './normal-form.js';
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
  /** All that is referred to from, by the name of its chain. */
  readonly #compiled = new Map<string, CompiledTiers>();
  readonly #podChains = new Map<string, readonly string[]>();
  readonly #hostChains = new Map<string, readonly string[]>();
  readonly #verdicts = new Map<VerdictMap, Map<string, string>>();
  readonly #self = { 4: new Set<string>(), 6: new Set<string>() };

  constructor(index: WorldIndex) {
    this.#index = index;
  }

  addPodChain(direction: Direction, compiled: CompiledTiers): string {
    const name = `pod-${direction}-${idOf(compiled)}`;
    this.#podChains.set(name, compiled.rules);
    this.#compiled.set(name, compiled);
    return name;
  }

  addPod({ map, text, chain }: { map: PodMap; text: string; chain: string }): void {
    this.#mapOf(map).set(text, chain);
    this.#self[map.endsWith('4') ? 4 : 6].add(`${text} . ${text}`);
  }

  addHostChain(compiled: CompiledTiers & { map: VerdictMap }): void {
    const name = `host-${compiled.map}-${idOf(compiled)}`;
    this.#hostChains.set(name, compiled.rules);
    this.#compiled.set(name, compiled);
    this.#mapOf(compiled.map).set(`"${NODE_INTERFACE}"`, name);
  }

  rules(table: string, node: string): NodeRules {
    const { sets, ...references } = referencesOf(this.#index, this.#compiled);
    const mapOf = (map: VerdictMap): ReadonlyMap<string, string> => this.#mapOf(map);
    return {
      table,
      node,
      ...references,
      sets: new Map([...sets, ...this.#selfSets()]),
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
    };
  }

  #mapOf(map: VerdictMap): Map<string, string> {
    const known = this.#verdicts.get(map) ?? new Map<string, string>();
    this.#verdicts.set(map, known);
    return known;
  }

  #selfSets(): [string, NodeSet][] {
    return ([4, 6] as const).map((family) => [
      `self${family}`,
      {
        type: `ipv${family}_addr . ipv${family}_addr`,
        interval: false,
        elements: [...this.#self[family]],
      },
    ]);
  }
}

/** What a chain is called after: its rules. */
function idOf(compiled: CompiledTiers): string {
  const known = ids.get(compiled);
  if (known !== undefined) return known;
  const id = nameFor(compiled.rules.join('\n'));
  ids.set(compiled, id);
  return id;
}

const ids = new WeakMap<CompiledTiers, string>();

type NodeReferences = Pick<
  NodeRules,
  | 'sets'
  | 'policyChains'
  | 'portChains'
  | 'groupChains'
  | 'tierChains'
  | 'comments'
  | 'denials'
  | 'logs'
>;

/** What all these chains refer to. Nodes with the same chains, as most have, share it. */
function referencesOf(
  index: WorldIndex,
  compiled: ReadonlyMap<string, CompiledTiers>,
): NodeReferences {
  const known = references.get(index) ?? new Map<string, NodeReferences>();
  references.set(index, known);
  const key = [...compiled.keys()].toSorted().join(' ');
  const found = known.get(key) ?? collectReferences(index, compiled.values());
  known.set(key, found);
  return found;
}

const references = new WeakMap<WorldIndex, Map<string, NodeReferences>>();

function collectReferences(index: WorldIndex, compiled: Iterable<CompiledTiers>): NodeReferences {
  const sets = new Map<string, NodeSet>();
  const collected = {
    policyChains: new Map<string, readonly string[]>(),
    portChains: new Map<string, readonly string[]>(),
    groupChains: new Map<string, readonly string[]>(),
    tierChains: new Map<string, readonly string[]>(),
    comments: new Map<string, RuleRef>(),
    denials: new Map<string, Denial>(),
    logs: new Map<string, RuleRef>(),
  };
  for (const from of compiled) {
    addAll(collected.policyChains, from.policyChains);
    addAll(collected.portChains, from.portChains);
    addAll(collected.groupChains, from.groupChains);
    addAll(collected.tierChains, from.tierChains);
    addAll(collected.comments, from.comments);
    addAll(collected.denials, from.denials);
    addAll(collected.logs, from.logs);
    for (const [name, meaning] of from.sets) {
      if (!sets.has(name)) sets.set(name, fillSet(name, meaning, index));
    }
  }
  return { ...collected, sets };
}

function addAll<V>(to: Map<string, V>, from: ReadonlyMap<string, V>): void {
  for (const [name, value] of from) to.set(name, value);
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

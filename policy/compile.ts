import type { AddressRange } from './address-range.js';
import { formatRange } from './address-range.js';
import { compilePodChain } from './compile-pod-chain.js';
import type { SetMeaning } from './compile-criteria.js';
import type { CompileTarget, PolicyChain } from './compile-policy.js';
import type { RuleRef, World } from './model.js';
import {
  TABLES,
  type Denial,
  type NodeRules,
  type NodeSet,
  type VerdictMap,
} from './node-rules.js';
import { DIRECTIONS, type NormalPolicy } from './normal-form.js';
import { PROTOCOL } from './protocols.js';
import { indexWorld, type WorldIndex } from './world-index.js';

export interface CompileOptions {
  /** One of `TABLES`; default the first. */
  table?: string;
  /** The netlink log group that denied packets are told to. Default 1. */
  logGroup?: number;
}

/**
 * What nftables must hold on a node: egress of the pods it hosts, ingress to them, on the forward hook.
 * A pod with an address is covered from that moment, whatever its phase, so that it can be isolated before
 * its first process starts. Pods on the node's own network and finished pods are not touched.
 */
export function compile(world: World, node: string, options: CompileOptions = {}): NodeRules {
  const index = indexWorld(world);
  const families: readonly (4 | 6)[] = index.dualStack ? [4, 6] : [4];
  const state: Draft = {
    index,
    logGroup: options.logGroup ?? 1,
    sets: new Map(),
    policyChains: new Map(),
    podChains: new Map(),
    denials: new Map(),
    comments: new Map(),
  };
  const verdicts = {
    egress4: new Map<string, string>(),
    egress6: new Map<string, string>(),
    ingress4: new Map<string, string>(),
    ingress6: new Map<string, string>(),
  };
  const self = { 4: new Set<string>(), 6: new Set<string>() };
  for (const pod of index.pods) {
    if (pod.pod.node !== node) continue;
    for (const direction of DIRECTIONS) {
      const policies = index.isolating(pod, direction);
      if (policies.length === 0 || pod.addresses.length === 0) continue;
      const chain = podChain(state, policies, { direction, families });
      for (const family of families) {
        const map: VerdictMap = `${direction}${family}`;
        for (const text of pod.texts[family]) {
          verdicts[map].set(text, chain);
          self[family].add(`${text} . ${text}`);
        }
      }
    }
  }
  state.sets.set('self4', {
    type: 'ipv4_addr . ipv4_addr',
    interval: false,
    elements: [...self[4]],
  });
  state.sets.set('self6', {
    type: 'ipv6_addr . ipv6_addr',
    interval: false,
    elements: [...self[6]],
  });
  return {
    table: options.table ?? TABLES[0],
    node,
    sets: state.sets,
    policyChains: state.policyChains,
    podChains: state.podChains,
    verdicts,
    denials: state.denials,
    comments: state.comments,
  };
}

interface Draft {
  index: WorldIndex;
  logGroup: number;
  sets: Map<string, NodeSet>;
  policyChains: Map<string, readonly string[]>;
  podChains: Map<string, readonly string[]>;
  denials: Map<string, Denial>;
  comments: Map<string, RuleRef>;
}

function podChain(state: Draft, policies: readonly NormalPolicy[], target: CompileTarget): string {
  const built = compilePodChain(policies, { ...target, logGroup: state.logGroup });
  if (state.podChains.has(built.name)) return built.name;
  for (const chain of built.chains) addPolicyChain(state, chain);
  state.denials.set(built.prefix, built.denial);
  state.podChains.set(built.name, built.rules);
  return built.name;
}

function addPolicyChain(state: Draft, chain: PolicyChain): void {
  if (state.policyChains.has(chain.name)) return;
  state.policyChains.set(chain.name, chain.rules);
  for (const [comment, ref] of chain.comments) state.comments.set(comment, ref);
  for (const [name, meaning] of chain.sets) {
    if (!state.sets.has(name)) state.sets.set(name, fillSet(name, meaning, state.index));
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
  const address = `ipv${meaning.family}_addr`;
  switch (meaning.type) {
    case 'ranges':
      return {
        type: address,
        interval: true,
        elements: meaning.ranges.map((range: AddressRange) => formatRange(range)),
      };
    case 'endpoints': {
      const elements = new Set<string>();
      for (const set of meaning.of) {
        for (const pod of index.podsIn(set)) {
          for (const text of pod.texts[meaning.family]) elements.add(text);
        }
      }
      return { type: address, interval: false, elements: [...elements] };
    }
    case 'named-port': {
      const elements = index.pods.flatMap(({ pod, texts }) =>
        pod.ports
          .filter(
            ({ name, protocol }) =>
              name === meaning.name && PROTOCOL[protocol] === meaning.protocol,
          )
          .flatMap(({ port }) => texts[meaning.family].map((text) => `${text} . ${port}`)),
      );
      return {
        type: `${address} . inet_service`,
        interval: false,
        elements: [...new Set(elements)],
      };
    }
    case 'service':
      return { type: address, interval: false, elements: [] };
  }
}

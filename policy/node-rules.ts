import type { Direction } from './normal-form.js';
import type { RuleRef } from './model.js';

/**
 * What nftables must hold on one node, as data. Names of sets and chains are made from what they mean, so
 * a chain never changes under its name: a different meaning is a different chain, and endpoints move over to
 * it by one map element. Only the elements of sets and of the maps to chains change in place.
 */
export interface NodeRules {
  table: string;
  node: string;
  sets: ReadonlyMap<string, NodeSet>;
  /** Chains by name. One per policy and direction. */
  policyChains: ReadonlyMap<string, readonly string[]>;
  /** Policies of a group that speak of the same port. */
  portChains: ReadonlyMap<string, readonly string[]>;
  /** Policies that follow each other in an endpoint's long list. */
  groupChains: ReadonlyMap<string, readonly string[]>;
  /** One per tier and the policies of it that count together; the last tier stands in the endpoint's chain. */
  tierChains: ReadonlyMap<string, readonly string[]>;
  /** One per set of policies and direction. */
  podChains: ReadonlyMap<string, readonly string[]>;
  /** Those of the node's own interface. */
  hostChains: ReadonlyMap<string, readonly string[]>;
  /** Map name -> pod address, or name of an interface -> chain. */
  verdicts: Readonly<Record<VerdictMap, ReadonlyMap<string, string>>>;
  /** What a logged prefix (`gh:deny:ingress:3fa92c11d0`) stands for. */
  denials: ReadonlyMap<string, Denial>;
  /** Prefixes (`gh:log:…`) of rules that only write to the log. */
  logs: ReadonlyMap<string, RuleRef>;
  /** What a rule's comment (`np:prod/allow-web:ingress:0`) stands for. */
  comments: ReadonlyMap<string, RuleRef>;
}

/** In the order in which they may refer to each other. */
export const CHAIN_KINDS = [
  'policyChains',
  'portChains',
  'groupChains',
  'tierChains',
  'podChains',
  'hostChains',
] as const;

export interface NodeSet {
  type: string;
  interval: boolean;
  elements: readonly string[];
}

/** A rule that denies, or the end of a tier that does. */
export interface Denial {
  direction: Direction;
  /** The policy of the rule, or every policy of the tier that selects the endpoint: `namespace/name`. */
  policies: readonly string[];
  tier?: string;
  rule?: RuleRef;
}

/** Maps by pod address. */
export const POD_MAPS = ['egress4', 'egress6', 'ingress4', 'ingress6'] as const;
/** Maps by interface, one per place where a host endpoint judges packets. */
export const HOST_MAPS = [
  'untracked-in',
  'untracked-out',
  'pre-dnat',
  'host-in',
  'host-out',
  'forward-in',
  'forward-out',
] as const;
export type PodMap = (typeof POD_MAPS)[number];
export type HostMap = (typeof HOST_MAPS)[number];
export type VerdictMap = PodMap | HostMap;
export const VERDICT_MAPS: readonly VerdictMap[] = [...POD_MAPS, ...HOST_MAPS];

/**
 * A full replacement is built beside the table in use and hooked in by the same transaction that removes
 * the other. `TABLES` are the two names that take turns.
 */
export const TABLES = ['gatehouse-a', 'gatehouse-b'] as const;

import type { Direction } from './normal-form.js';
import type { RuleRef } from './model.js';

/**
 * What nftables must hold on one node, as data. Names of sets and chains are made from what they mean, so
 * a chain never changes under its name: a different meaning is a different chain, and pods move over to it
 * by one map element. Only the elements of sets and of the maps from pod to chain change in place.
 */
export interface NodeRules {
  table: string;
  node: string;
  sets: ReadonlyMap<string, NodeSet>;
  /** One per policy and direction: what the policy allows. */
  policyChains: ReadonlyMap<string, readonly string[]>;
  /** One per set of policies and direction: jumps to theirs, then the implicit deny. */
  podChains: ReadonlyMap<string, readonly string[]>;
  /** Map name -> pod address -> pod chain. */
  verdicts: Readonly<Record<VerdictMap, ReadonlyMap<string, string>>>;
  /** What a logged prefix (`gh:deny:ingress:3fa92c11d0`) stands for. */
  denials: ReadonlyMap<string, Denial>;
  /** What a rule's comment (`np:prod/allow-web:ingress:0`) stands for. */
  comments: ReadonlyMap<string, RuleRef>;
}

export interface NodeSet {
  type: string;
  interval: boolean;
  elements: readonly string[];
}

/** The implicit deny of a pod's policies in one direction. */
export interface Denial {
  direction: Direction;
  /** Every policy that selects the pod in that direction, `namespace/name`. */
  policies: readonly string[];
}

export type VerdictMap = `${Direction}${4 | 6}`;
export const VERDICT_MAPS = ['egress4', 'egress6', 'ingress4', 'ingress6'] as const;

/**
 * A full replacement is built beside the table in use and hooked in by the same transaction that removes
 * the other. `TABLES` are the two names that take turns.
 */
export const TABLES = ['gatehouse-a', 'gatehouse-b'] as const;

import type { AddressRange } from './address-range.js';
import type { LabelPredicate } from './label-predicate.js';

/**
 * What every kind of policy is brought into: ordered tiers of policies, each a list of rules over label
 * predicates, address ranges and ports. Kubernetes NetworkPolicy fills one tier of mode `union`; ordered
 * kinds (Calico, ClusterNetworkPolicy) will add tiers of their own before and after it.
 */
export interface Tier {
  name: string;
  /** `union`: policies only allow, their order means nothing, and no match denies. */
  mode: 'union';
  policies: readonly NormalPolicy[];
}

export interface NormalPolicy {
  namespace: string;
  name: string;
  /** The pods it applies to. */
  subject: PodSet;
  /** Undefined where the policy says nothing about the direction; empty where it allows nothing. */
  ingress: readonly NormalRule[] | undefined;
  egress: readonly NormalRule[] | undefined;
  /** What could not be understood. Each such part allows nothing, so the policy stays closed. */
  problems: readonly string[];
}

export interface NormalRule {
  /** Place in the list the author wrote. */
  index: number;
  action: 'allow';
  /** Other ends of the connection; alternatives. An empty list matches nobody. */
  peers: 'any' | readonly Peer[];
  /** Ports of the destination; alternatives. An empty list matches no port. */
  ports: 'any' | readonly PortMatch[];
}

export type Peer =
  | { type: 'pods'; pods: PodSet }
  | {
      type: 'addresses';
      ranges: readonly AddressRange[];
      /** As written, for words. */
      cidr: string;
      except: readonly string[];
    };

/** Pods by the labels of both the pod and its namespace. */
export interface PodSet {
  namespaces: { type: 'named'; name: string } | { type: 'labels'; labels: LabelPredicate };
  pods: LabelPredicate;
}

export type PolicyProtocol = 'TCP' | 'UDP' | 'SCTP';

/** Both ends of a number range belong to it. A name means the number the destination pod gives it. */
export type PortMatch =
  | { type: 'range'; protocol: PolicyProtocol; first: number; last: number }
  | { type: 'name'; protocol: PolicyProtocol; name: string };

export const ALL_PORTS = { first: 0, last: 65_535 } as const;

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS = ['egress', 'ingress'] as const;

export const policyId = ({ namespace, name }: { namespace: string; name: string }): string =>
  `${namespace}/${name}`;

import type { AddressRange } from './address-range.js';
import type { LabelPredicate } from './label-predicate.js';

/**
 * What every kind of policy is brought into. A packet walks the tiers in order; in each, the policies that
 * select the endpoint, in order; in each, its rules. `allow` and `deny` end the walk, `pass` goes on to the
 * next tier, `log` writes and goes on. A tier none of whose policies selects the endpoint in this direction
 * is skipped; one that does and ends without a match does its default action. After the last tier the
 * endpoint's profiles decide.
 */
export interface NormalPolicies {
  /** In order. */
  tiers: readonly Tier[];
  profiles: readonly Profile[];
}

export interface Tier {
  name: string;
  /** Lower comes first; infinite where none was given. */
  order: number;
  /** `union`: its policies only allow and deny at the end, so their order means nothing. */
  mode: 'union' | 'ordered';
  defaultAction: 'deny' | 'pass';
  /** In order. */
  policies: readonly NormalPolicy[];
}

export interface NormalPolicy {
  kind: PolicyKind;
  /** Empty for kinds that live in no namespace. */
  namespace: string;
  name: string;
  /** The name of its tier. */
  tier: string;
  /** Within its tier: lower comes first, ties by name; infinite where none was given. */
  order: number;
  /** The endpoints it applies to: pods, and for some kinds host endpoints. */
  subject: LabelPredicate;
  /** Undefined where the policy says nothing about the direction; empty where no rule of it can match. */
  ingress: readonly NormalRule[] | undefined;
  egress: readonly NormalRule[] | undefined;
  /** At host endpoints only. `filter` is the ordinary place; the others come before it, in this order. */
  stage: Stage;
  /** At host endpoints: whether it also judges what the node merely forwards. */
  onForward: boolean;
  /** What could not be understood. Each such part allows nothing, so the policy stays closed. */
  problems: readonly string[];
}

export type PolicyKind =
  | 'NetworkPolicy'
  | 'CalicoNetworkPolicy'
  | 'GlobalNetworkPolicy'
  | 'ClusterNetworkPolicy'
  | 'AdminNetworkPolicy'
  | 'BaselineAdminNetworkPolicy';

/** `untracked`: without connection tracking, each packet by itself. `pre-dnat`: before service translation. */
export type Stage = 'untracked' | 'pre-dnat' | 'filter';

/** Rules and labels that endpoints naming the profile inherit. */
export interface Profile {
  name: string;
  ingress: readonly NormalRule[];
  egress: readonly NormalRule[];
  labels: Readonly<Record<string, string>>;
}

export interface NormalRule {
  /** Place in the list the author wrote. */
  index: number;
  action: Action;
  /** All must hold; none means every packet. */
  when: readonly Criterion[];
}

export type Action = 'allow' | 'deny' | 'pass' | 'log';

/** One of `anyOf` holds, or with `not` none of them. An empty list holds for no packet. */
export type Criterion =
  | { about: 'source' | 'destination'; not: boolean; anyOf: readonly EndMatch[] }
  | { about: 'packet'; not: boolean; anyOf: readonly PacketMatch[] };

/** An end of the connection by its address. */
export type EndMatch =
  /** The address belongs to an endpoint of which this is true. */
  | { type: 'endpoint'; where: LabelPredicate }
  | {
      type: 'net';
      ranges: readonly AddressRange[];
      /** As written, for words. */
      cidr: string;
      except: readonly string[];
    }
  /** An address behind a Service; as a destination together with the port there. */
  | { type: 'service'; namespace: string; name: string };

/** Both ends of a number range belong to it. */
export type PacketMatch =
  | { type: 'family'; family: 4 | 6 }
  | { type: 'protocol'; protocol: number }
  | { type: 'port'; side: Side; protocol: number; first: number; last: number }
  /** A name means the number that the endpoint on that side gives it for the protocol. */
  | { type: 'named-port'; side: Side; protocol: number; name: string }
  /** Any code where none is given. */
  | { type: 'icmp'; family: 4 | 6; icmpType: number; code: number | undefined };

export type Side = 'source' | 'destination';
export type Direction = 'ingress' | 'egress';
export const DIRECTIONS = ['egress', 'ingress'] as const;

/** The other end as a direction sees it. */
export const farSide = (direction: Direction): Side =>
  direction === 'ingress' ? 'source' : 'destination';

export const policyId = ({ namespace, name }: { namespace: string; name: string }): string =>
  namespace === '' ? name : `${namespace}/${name}`;

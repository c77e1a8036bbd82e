/**
 * The world as policy reasoning sees it: plain data, no cluster. A world and the objects in it are never
 * changed in place: what was read from them is remembered by identity.
 */
import type { Action, PolicyKind } from './normal-form.js';
import type { ProtocolName } from './protocols.js';

export interface World {
  namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[];
  pods: readonly WorldPod[];
  nodes: readonly {
    name: string;
    addresses: readonly string[];
    labels?: Readonly<Record<string, string>>;
  }[];
  serviceAccounts?: readonly {
    namespace: string;
    name: string;
    labels: Readonly<Record<string, string>>;
  }[];
  /** Policies of every kind as stored, defaults filled in, in any order. */
  networkPolicies: readonly unknown[];
  /**
   * What policies refer to, as stored: Tier, Profile, NetworkSet, GlobalNetworkSet and HostEndpoint of Calico,
   * and the EndpointSlices of Services.
   */
  policyResources?: readonly unknown[];
}

export interface WorldPod {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Default `default`. */
  serviceAccount?: string;
  node: string;
  /** IPv4 (and IPv6) addresses; empty while it has none. */
  addresses: readonly string[];
  hostNetwork: boolean;
  /** Succeeded and Failed pods own no address any more. */
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** Named container ports: several containers may share a name. */
  ports: readonly { name: string; port: number; protocol: 'TCP' | 'UDP' | 'SCTP' }[];
}

/** One end of a flow: a pod of the world, or an address outside of it (nodes included). */
export type FlowEnd =
  { type: 'pod'; namespace: string; name: string } | { type: 'address'; address: string };

/** After service translation: the port is the destination pod's own. */
export interface Flow {
  from: FlowEnd;
  to: FlowEnd;
  /** Zero for protocols without ports. */
  port: number;
  protocol: ProtocolName;
  /** Where it matters; without it, one of those that a client gets from its system. */
  sourcePort?: number;
  /** For ICMP; without it an echo request. */
  icmp?: { type: number; code: number };
  /** What the client dialled where a Service translated it: rules before translation see this. */
  dialled?: { address: string; port: number };
}

export interface RuleRef {
  kind: PolicyKind | 'Profile';
  /** Empty for kinds that live in no namespace. */
  namespace: string;
  policy: string;
  direction: 'ingress' | 'egress';
  /** Index into spec.ingress or spec.egress. */
  rule: number;
}

export interface DirectionDecision {
  direction: 'ingress' | 'egress';
  allowed: boolean;
  /** Why policies are not asked although they may select the endpoint. */
  exempt?: 'itself' | 'own-node' | 'failsafe';
  /** The host endpoint that is asked; absent for pods. */
  host?: string;
  /** False where no policy selects the endpoint in this direction, or nothing here can be selected. */
  isolated: boolean;
  /**
   * What ended the walk: a rule; the default of a tier that no rule of decided; the profiles behind all
   * tiers; or `open` where no policy was asked.
   */
  decidedBy: 'rule' | 'tier' | 'profile' | 'open';
  /** The tier that decided. */
  tier?: string;
  /** The rules that allow it: one, or all there are where order means nothing. */
  allowedBy: readonly RuleRef[];
  /** The rule that denies it; absent where the end of a tier denies. */
  deniedBy?: RuleRef;
  /**
   * Where it is denied: whose rule, or which policies of the tier select the endpoint in this direction.
   * Where it is allowed: every policy that was asked.
   */
  isolatedBy: readonly string[];
  /** Rules that matched and wrote to the log. */
  loggedBy: readonly RuleRef[];
  /** Each rule that was considered, in order, and why it did not match, in words. */
  considered: readonly ConsideredRule[];
}

export interface ConsideredRule {
  rule: RuleRef;
  action: Action;
  matched: boolean;
  /** The two halves of a rule: nothing to learn from the ports of a rule meant for others. */
  peerMatched: boolean;
  portMatched: boolean;
  why: string;
}

export interface Decision {
  allowed: boolean;
  egress: DirectionDecision;
  ingress: DirectionDecision;
  /** What host endpoints say that the packet merely passes, in its order; those at the ends are in the two above. */
  passing: readonly DirectionDecision[];
  /** Set where no packet can arrive whatever policies say: a finished pod owns no address. */
  undeliverable?: boolean;
  /** One sentence a learner understands, naming the deciding policy, rule and direction. */
  explanation: string;
}

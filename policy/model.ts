/**
 * The world as policy reasoning sees it: plain data, no cluster. A world and the objects in it are never
 * changed in place: what was read from them is remembered by identity.
 */
import type { PolicyKind } from './normal-form.js';
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
}

export interface RuleRef {
  /** NetworkPolicy where absent. */
  kind?: PolicyKind;
  tier?: string;
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
  /** Why policies are not asked although they may isolate the pod: traffic with itself or with its own node. */
  exempt?: 'itself' | 'own-node';
  /** False where no policy selects the pod in this direction, or the end is no pod. */
  isolated: boolean;
  /** The rules that allow it; empty where it is denied or not isolated. */
  allowedBy: readonly RuleRef[];
  /** Every policy that isolates the pod in this direction, `namespace/name`. */
  isolatedBy: readonly string[];
  /** Each rule that was considered and why it did not match, in words. */
  considered: readonly ConsideredRule[];
}

export interface ConsideredRule {
  rule: RuleRef;
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
  /** Set where no packet can arrive whatever policies say: a finished pod owns no address. */
  undeliverable?: boolean;
  /** One sentence a learner understands, naming the deciding policy, rule and direction. */
  explanation: string;
}

/**
 * The world as policy reasoning sees it: plain data, no cluster. A world and the objects in it are never
 * changed in place: what was read from them is remembered by identity.
 */

export interface World {
  namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[];
  pods: readonly WorldPod[];
  nodes: readonly { name: string; addresses: readonly string[] }[];
  /** networking.k8s.io/v1 NetworkPolicy objects as stored (defaults filled in). Other kinds follow later. */
  networkPolicies: readonly unknown[];
}

export interface WorldPod {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
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
  port: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface RuleRef {
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

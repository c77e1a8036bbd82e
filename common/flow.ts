/** Connections as a cluster saw them. Pure data. */

/** Who stands at an end, as far as is known. */
export interface FlowParty {
  address: string;
  /** `namespace/name` of the pod that had the address. */
  pod?: string;
  node?: string;
  /** A host of the lab's outside world, by name. */
  outside?: string;
}

/** Connections from one party to one port of another that fared alike. */
export interface ObservedFlow {
  from: FlowParty;
  to: FlowParty;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`. */
  protocol: string;
  /** The destination's own, after service translation; 0 for protocols without ports. */
  port: number;
  /** What became of their first packets, as the kernel told it. */
  verdict: 'allowed' | 'denied';
  /** Why, in a sentence that names the deciding policy and rule. */
  explanation: string;
  /** The node that saw them. */
  seenOn: string;
  /** ISO 8601: the first packet of the first and of the last of them. */
  firstAt: string;
  lastAt: string;
  /** How many were seen; floods are sampled. */
  count: number;
}

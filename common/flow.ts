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
  /** Sent by the platform's prober: a check, and nobody's program. */
  isProbe: boolean;
  /** The node that saw them. */
  seenOn: string;
  /** ISO 8601: the first packet of the first and of the last of them. */
  firstAt: string;
  lastAt: string;
  /** How many were seen; floods are sampled. */
  count: number;
}

/** A party as people call it: `namespace/name` of a pod, a node, a host outside, or the bare address. */
export function partyName({ pod, node, outside, address }: FlowParty): string {
  if (pod !== undefined) return pod;
  if (node !== undefined) return `node ${node}`;
  return outside === undefined ? address : `${outside} (${address})`;
}

/** `TCP 80`, or `ICMP`. */
export function portName({ protocol, port }: Pick<ObservedFlow, 'protocol' | 'port'>): string {
  return port === 0 ? protocol : `${protocol} ${port}`;
}

/** What tells one row of flows from the others: flows that are counted together have it in common. */
export function flowId(flow: ObservedFlow): string {
  const { from, to, verdict, firstAt, seenOn } = flow;
  return [from.address, to.address, portName(flow), verdict, firstAt, seenOn].join(' ');
}

export interface FlowFilter {
  /** Words that must all occur somewhere in the row; one with `-` in front must not. */
  text: string;
  deniedOnly: boolean;
}

export function isFlowWanted(flow: ObservedFlow, { text, deniedOnly }: FlowFilter): boolean {
  if (deniedOnly && flow.verdict !== 'denied') return false;
  const { from, to, verdict, explanation } = flow;
  const row = [
    ...[from, to].flatMap((party) => [partyName(party), party.address]),
    portName(flow),
    verdict,
    explanation,
  ]
    .join(' ')
    .toLowerCase();
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '-');
  return words.every((word) =>
    word.startsWith('-') ? !row.includes(word.slice(1)) : row.includes(word),
  );
}

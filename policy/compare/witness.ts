import type { Direction } from '../normal-form.js';

/** A flow that one set of policies lets pass and the other does not. */
export interface Witness {
  source: WitnessEnd;
  destination: WitnessEnd;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`, or `protocol 47`. */
  protocol: string;
  /** The destination pod's own port; undefined for protocols without ports. */
  port: number | undefined;
  /** Only where policies ask about it. */
  sourcePort?: number;
  icmp?: { type: number; code: number };
  /** Where a Service translated it and a policy sees what was dialled before that. */
  dialled?: { address: string; port: number };
  /** The set that allows it; the other denies it. */
  allowedBy: 'a' | 'b';
  /** Where the other denies it: leaving the source or, if that is allowed, entering the destination. */
  direction: Direction;
}

export type WitnessEnd =
  | WitnessPod
  | {
      type: 'address';
      address: string;
      /** Where it is a node's: what policies ask about the node. */
      node?: Partial<WitnessNode> & { labels: Readonly<Record<string, string>> };
      /** The Services, `namespace/name`, that policies ask about and that the address is behind. */
      behind?: readonly string[];
    };

/** A node that a host endpoint guards. */
export interface WitnessNode {
  name: string;
  /** Those that its host endpoints speak of. */
  addresses: readonly string[];
}

/** Labels that are not there are as much part of it as those that are. */
export interface WitnessPod {
  type: 'pod';
  labels: Readonly<Record<string, string>>;
  namespace: { name: string; labels: Readonly<Record<string, string>> };
  /** Only where policies ask about it. */
  serviceAccount?: { name: string; labels: Readonly<Record<string, string>> };
  address: string;
  behind?: readonly string[];
  /** Where it runs, if host endpoints speak of that node. */
  node?: WitnessNode;
  /** True where another address would change something. */
  addressMatters: boolean;
  /** Names that it gives to ports. */
  ports: readonly { name: string; port: number; protocol: string }[];
}

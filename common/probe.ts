/** What the platform asks the network, and what the network answered. Pure data; providers do the sending. */

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** Where a probe starts or what it aims at. */
export type Endpoint =
  | { type: 'pod'; namespace: string; name: string }
  | { type: 'service'; namespace: string; name: string }
  | { type: 'node'; name: string }
  /** A host of the lab's outside world, by name: `client`, `partner-a`, `partner-b`, `internet`, `metadata`. */
  | { type: 'outside'; name: string }
  | { type: 'address'; address: string };

export interface ProbeRequest {
  from: Endpoint;
  to: Endpoint;
  /** The number the client dials: a Service's own port for a Service, 1-65535. */
  port: number;
  protocol: Protocol;
  /** How long silence must last to count as filtered, where the kernel says nothing itself. Default 800. */
  timeoutMs?: number;
}

/**
 * - `open`: the handshake (TCP) or an answer (UDP) came back.
 * - `refused`: the network let it through and nobody listens (RST or ICMP port unreachable).
 * - `filtered`: silence; `droppedBy` is set where the kernel named the rule that dropped the packet.
 * - `unreachable`: no route, or the target has no address.
 * - `no-source`, `no-target`: the endpoint does not exist or has no running network.
 * - `unknown`: the prober could not do its work; nothing may be concluded.
 */
export type ProbeCause =
  'open' | 'refused' | 'filtered' | 'unreachable' | 'no-source' | 'no-target' | 'unknown';

/** The rule that dropped a packet, as the kernel's own log told it. */
export interface DroppedBy {
  /** Where the packet was dropped. */
  node: string;
  direction: 'ingress' | 'egress';
  /** Every policy that selects the pod in that direction; the drop is their common default deny. */
  policies: string[];
}

export interface ProbeResult {
  request: ProbeRequest;
  cause: ProbeCause;
  /** The address that was dialled after names were resolved (before service translation). */
  address?: string;
  tookMs: number;
  droppedBy?: DroppedBy;
  /** Why the cause is `unknown`, `no-source`, `no-target` or `unreachable`, in words. */
  detail?: string;
}

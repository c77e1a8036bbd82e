/** What the platform asks the network, and what the network answered. Pure data; providers do the sending. */
import { z } from 'zod';

export const Protocol = z.enum(['TCP', 'UDP', 'SCTP']);
export type Protocol = z.infer<typeof Protocol>;

/** Where a probe starts or what it aims at. */
export const Endpoint = z.discriminatedUnion('type', [
  z.object({ type: z.literal('pod'), namespace: z.string(), name: z.string() }),
  z.object({ type: z.literal('service'), namespace: z.string(), name: z.string() }),
  z.object({ type: z.literal('node'), name: z.string() }),
  /** A host of the lab's outside world, by name: `client`, `partner-a`, `partner-b`, `internet`, `metadata`. */
  z.object({ type: z.literal('outside'), name: z.string() }),
  z.object({ type: z.literal('address'), address: z.string() }),
]);
export type Endpoint = z.infer<typeof Endpoint>;

export const ProbeRequest = z.object({
  from: Endpoint,
  to: Endpoint,
  /** The number the client dials: a Service's own port for a Service, 1-65535. */
  port: z.number(),
  protocol: Protocol,
  /** How long silence must last to count as filtered, where the kernel says nothing itself. Default 800. */
  timeoutMs: z.number().optional(),
});
export type ProbeRequest = z.infer<typeof ProbeRequest>;

/**
 * - `open`: the handshake (TCP) or an answer (UDP) came back.
 * - `refused`: the network let it through and nobody listens (RST or ICMP port unreachable).
 * - `filtered`: silence; `droppedBy` is set where the kernel named the rule that dropped the packet.
 * - `unreachable`: no route, or the target has no address.
 * - `no-source`, `no-target`: the endpoint does not exist or has no running network.
 * - `unknown`: the prober could not do its work; nothing may be concluded.
 */
export const ProbeCause = z.enum([
  'open',
  'refused',
  'filtered',
  'unreachable',
  'no-source',
  'no-target',
  'unknown',
]);
export type ProbeCause = z.infer<typeof ProbeCause>;

/** The rule that dropped a packet, as the kernel's own log told it. */
export const DroppedBy = z.object({
  /** Where the packet was dropped. */
  node: z.string(),
  direction: z.enum(['ingress', 'egress']),
  /**
   * The policy whose rule denies; without `rule`, every policy that selects the pod in that direction, whose
   * common default deny it is. None where a host endpoint lets through only what a policy allows.
   */
  policies: z.array(z.string()),
  /** The tier, where it is another than the default one. */
  tier: z.string().optional(),
  /** Place of the denying rule in its policy. */
  rule: z.number().optional(),
});
export type DroppedBy = z.infer<typeof DroppedBy>;

export const ProbeResult = z.object({
  request: ProbeRequest,
  cause: ProbeCause,
  /** The address that was dialled after names were resolved (before service translation). */
  address: z.string().optional(),
  tookMs: z.number(),
  droppedBy: DroppedBy.optional(),
  /** Why the cause is `unknown`, `no-source`, `no-target` or `unreachable`, in words. */
  detail: z.string().optional(),
});
export type ProbeResult = z.infer<typeof ProbeResult>;

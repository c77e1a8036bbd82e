import type { FlowParty, ObservedFlow } from '../../../common/flow.js';
import type { Logger } from '../../../common/logger.js';
import { messageOf } from '../../../common/errors.js';
import type { DroppedBy } from '../../../common/probe.js';
import { decide } from '../../../policy/decide.js';
import type { Decision, World } from '../../../policy/model.js';
import { protocolName } from '../../../policy/protocols.js';
import type { Agent, LoggedPacket } from '../agent/agent.js';
import { isProbePacket, PROBE_PORTS } from '../agent/probe-ports.js';
import { nodeNetns, POD_CIDR } from './addresses.js';

export interface FlowLogOptions {
  agent: Agent;
  nodes: readonly string[];
  logger: Logger;
  /** What is known of an address. */
  partyAt(address: string): FlowParty;
  explainDrop(node: string, prefix: string): DroppedBy | undefined;
  /** The world that a node's policies are made for; undefined where none are enforced. */
  worldOf(node: string): World | undefined;
}

interface KnownFlow {
  flow: ObservedFlow;
  toldAt: number;
  /** Its explanation is the kernel's alone: too much happened at once to reason about it. */
  isBrief: boolean;
}

/**
 * Who talked to whom. The kernel tells the first packet of each connection that policies let pass, by a chain
 * behind theirs, and each packet that they drop. Bounded in what the kernel tells, in what is kept, and in
 * what listeners hear: about flows of one kind once a second. The platform's probes are marked, and take
 * nothing from what can be told of others.
 */
export class FlowLog {
  readonly #options: FlowLogOptions;
  /** By ends, port, verdict and sort of sender; the one seen longest ago first. */
  readonly #flows = new Map<string, KnownFlow>();
  readonly #listeners = new Set<(flow: ObservedFlow) => void>();
  readonly #ends = new Set<() => void>();
  /** A scan of many ports is many kinds of flows: of so many in a second only some are told and reasoned about. */
  readonly #mayTell = {
    probe: atMostPerSecond(TOLD_PER_SECOND),
    other: atMostPerSecond(TOLD_PER_SECOND),
  };
  #isStopped = false;

  constructor(options: FlowLogOptions) {
    this.#options = options;
    options.agent.on('packet', (packet) => {
      if (!this.#isStopped) this.#see(packet);
    });
    void Promise.all(
      options.nodes.map((node) => options.agent.nft(nodeNetns(node), FLOW_TABLE)),
    ).catch((error: unknown) => {
      if (!this.#isStopped) options.logger.warn('no flow log', { error: messageOf(error) });
    });
  }

  /** Those seen lately, in the order in which they were seen last. */
  recent(): ObservedFlow[] {
    return [...this.#flows.values()].map(({ flow }) => flow);
  }

  /** Tells each flow from now on, until the signal or the end of the network. */
  follow(listener: (flow: ObservedFlow) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#listeners.delete(listener);
        this.#ends.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      if (signal.aborted || this.#isStopped) {
        resolve();
        return;
      }
      this.#listeners.add(listener);
      this.#ends.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const end of this.#ends) end();
  }

  #see(packet: LoggedPacket): void {
    const denied = packet.prefix.startsWith('gh:deny:');
    if (!denied && packet.prefix !== ALLOWED) return;
    const node = this.#options.nodes.find((name) => nodeNetns(name) === packet.netns);
    if (node === undefined) return;
    const isProbe = isProbePacket(packet);
    const key = [
      packet.source,
      packet.destination,
      packet.protocol,
      packet.destinationPort,
      packet.prefix,
      isProbe,
    ].join(' ');
    const known = this.#flows.get(key);
    const at = Date.parse(packet.at);
    const isDue = known === undefined || at - known.toldAt >= TELL_EVERY_MS;
    const isTold = isDue && this.#mayTell[isProbe ? 'probe' : 'other'](at);
    const seen = this.#count(packet, { node, known, isTold });
    this.#flows.delete(key);
    this.#flows.set(key, { ...seen, toldAt: isTold ? at : (known?.toldAt ?? 0) });
    const [oldest] = this.#flows.keys();
    if (this.#flows.size > MAX_KEPT && oldest !== undefined) this.#flows.delete(oldest);
    if (isTold) for (const listener of this.#listeners) listener(seen.flow);
  }

  /** One more of a kind; a kind of its own from the moment on that another rule decides. */
  #count(
    packet: LoggedPacket,
    { node, known, isTold }: { node: string; known: KnownFlow | undefined; isTold: boolean },
  ): Omit<KnownFlow, 'toldAt'> {
    const counted = known && { ...known.flow, lastAt: packet.at, count: known.flow.count + 1 };
    if (counted !== undefined && !isTold)
      return { flow: counted, isBrief: known?.isBrief === true };
    const flow = this.#describe(packet, { node, isBrief: !isTold });
    const { explanation } = flow;
    if (counted === undefined) return { flow, isBrief: !isTold };
    const isSame = known?.isBrief === true || explanation === counted.explanation;
    return { flow: isSame ? { ...counted, explanation } : flow, isBrief: false };
  }

  #describe(
    packet: LoggedPacket,
    { node, isBrief }: { node: string; isBrief: boolean },
  ): ObservedFlow {
    const verdict = packet.prefix === ALLOWED ? 'allowed' : 'denied';
    return {
      from: this.#options.partyAt(packet.source),
      to: this.#options.partyAt(packet.destination),
      protocol: protocolName(packet.protocol),
      port: packet.destinationPort,
      verdict,
      explanation: this.#explain(packet, { node, isBrief }),
      isProbe: isProbePacket(packet),
      seenOn: node,
      firstAt: packet.at,
      lastAt: packet.at,
      count: 1,
    };
  }

  /** The kernel gives the verdict; reasoning gives the reason, and only where it comes to the same. */
  #explain(packet: LoggedPacket, { node, isBrief }: { node: string; isBrief: boolean }): string {
    const world = this.#options.worldOf(node);
    const decision = isBrief || world === undefined ? undefined : decisionOn(packet, world);
    if (packet.prefix === ALLOWED) {
      if (world === undefined) return 'Allowed: no policy is enforced.';
      return decision?.allowed === true ? decision.explanation : 'Allowed.';
    }
    if (decision?.allowed === false) return decision.explanation;
    const drop = this.#options.explainDrop(node, packet.prefix);
    return drop === undefined
      ? 'Denied by a policy that is no longer there.'
      : `Denied: ${drop.direction} policies ${drop.policies.join(', ')} do not allow it.`;
  }
}

/** Whether one more may be, at a time in milliseconds. */
function atMostPerSecond(most: number): (at: number) => boolean {
  let second = 0;
  let left = 0;
  return (at) => {
    const now = Math.floor(at / 1000);
    if (now !== second) [second, left] = [now, most];
    left -= 1;
    return left >= 0;
  };
}

function decisionOn(packet: LoggedPacket, world: World): Decision | undefined {
  const protocol = PROTOCOLS.find((name) => name === protocolName(packet.protocol));
  if (protocol === undefined) return undefined;
  return decide(world, {
    from: { type: 'address', address: packet.source },
    to: { type: 'address', address: packet.destination },
    port: packet.destinationPort,
    protocol,
    ...(packet.sourcePort === 0 ? {} : { sourcePort: packet.sourcePort }),
  });
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP'] as const;
const ALLOWED = 'gh:flow';
const MAX_KEPT = 1000;
const TELL_EVERY_MS = 1000;
const TOLD_PER_SECOND = 100;
const LOGGED = `limit rate 100/second burst 400 packets log group 1 prefix "${ALLOWED}"`;
const FROM_PROBER = `meta l4proto { tcp, udp, sctp } th sport { ${PROBE_PORTS.map((range) => range.join('-')).join(', ')} }`;

/**
 * Behind all policies, so whatever comes here was allowed. A connection between two nodes passes both: only the
 * one that delivers it tells of it, and of what leaves the cluster the one it leaves. Probes have a limit of
 * their own: a check must not keep the learner's packets out of the log.
 */
const FLOW_TABLE = [
  'add table inet gatehouse-flows',
  'delete table inet gatehouse-flows',
  'add table inet gatehouse-flows',
  'add chain inet gatehouse-flows forward { type filter hook forward priority filter + 10; policy accept; }',
  'add rule inet gatehouse-flows forward ct state != new accept',
  `add rule inet gatehouse-flows forward oifname "eth0" ip daddr ${POD_CIDR} accept`,
  `add rule inet gatehouse-flows forward ${FROM_PROBER} ${LOGGED}`,
  `add rule inet gatehouse-flows forward ${FROM_PROBER} accept`,
  `add rule inet gatehouse-flows forward ${LOGGED}`,
].join('\n');

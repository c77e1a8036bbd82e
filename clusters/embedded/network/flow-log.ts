import type { FlowParty, ObservedFlow } from '../../../common/flow.js';
import type { Logger } from '../../../common/logger.js';
import { messageOf } from '../../../common/errors.js';
import type { DroppedBy } from '../../../common/probe.js';
import { decide } from '../../../policy/decide.js';
import type { Decision, World } from '../../../policy/model.js';
import { protocolName } from '../../../policy/protocols.js';
import type { Agent, LoggedPacket } from '../agent/agent.js';
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

/**
 * Who talked to whom. The kernel tells the first packet of each connection that policies let pass, by a chain
 * behind theirs, and each packet that they drop. Bounded in what the kernel tells, in what is kept, and in
 * what listeners hear: about flows of one kind once a second.
 */
export class FlowLog {
  readonly #options: FlowLogOptions;
  /** By ends, port and verdict; the one seen longest ago first. */
  readonly #flows = new Map<string, { flow: ObservedFlow; toldAt: number }>();
  readonly #listeners = new Set<(flow: ObservedFlow) => void>();
  readonly #ends = new Set<() => void>();
  #isStopped = false;
  #second = 0;
  #left = 0;

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
    const key = [
      packet.source,
      packet.destination,
      packet.protocol,
      packet.destinationPort,
      packet.prefix,
    ].join(' ');
    const known = this.#flows.get(key);
    const at = Date.parse(packet.at);
    const isDue = known === undefined || at - known.toldAt >= TELL_EVERY_MS;
    const isTold = isDue && this.#mayTell(at);
    const flow =
      known === undefined
        ? this.#describe(packet, { node, isBrief: !isTold })
        : { ...known.flow, lastAt: packet.at, count: known.flow.count + 1 };
    this.#flows.delete(key);
    this.#flows.set(key, { flow, toldAt: isTold ? at : (known?.toldAt ?? 0) });
    const [oldest] = this.#flows.keys();
    if (this.#flows.size > MAX_KEPT && oldest !== undefined) this.#flows.delete(oldest);
    if (isTold) for (const listener of this.#listeners) listener(flow);
  }

  /** A scan of many ports is many kinds of flows: of so many in a second only some are told and reasoned about. */
  #mayTell(at: number): boolean {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) [this.#second, this.#left] = [second, TOLD_PER_SECOND];
    this.#left -= 1;
    return this.#left >= 0;
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

/**
 * Behind all policies, so whatever comes here was allowed. A connection between two nodes passes both: only the
 * one that delivers it tells of it, and of what leaves the cluster the one it leaves.
 */
const FLOW_TABLE = [
  'add table inet gatehouse-flows',
  'delete table inet gatehouse-flows',
  'add table inet gatehouse-flows',
  'add chain inet gatehouse-flows forward { type filter hook forward priority filter + 10; policy accept; }',
  'add rule inet gatehouse-flows forward ct state != new accept',
  `add rule inet gatehouse-flows forward oifname "eth0" ip daddr ${POD_CIDR} accept`,
  `add rule inet gatehouse-flows forward limit rate 100/second burst 400 packets log group 1 prefix "${ALLOWED}"`,
].join('\n');

import { contains, type Address } from './address-range.js';
import type { ResolvedEnd } from './flow-end.js';
import { matchesLabels } from './label-predicate.js';
import type { Flow } from './model.js';
import type { NormalRule, Peer, PodSet, PortMatch } from './normal-form.js';
import { describePeer, describePorts, relevantLabels } from './words.js';
import { matchesPodSet } from './world-index.js';

/** A flow as one rule sees it. */
export interface RuleView {
  flow: Flow;
  /** The other end: the source for ingress, the destination for egress. */
  other: ResolvedEnd;
  otherAddress: Address | undefined;
  /** Named ports are this pod's, whichever direction the rule is for. */
  destination: ResolvedEnd;
}

export interface RuleMatch {
  peerMatched: boolean;
  portMatched: boolean;
  why: string;
}

/** Asks one rule about one flow, and says why. Peers and ports of the same rule must both match. */
export function matchRule(rule: NormalRule, view: RuleView): RuleMatch {
  const peer = matchPeers(rule.peers, view);
  const port = matchPorts(rule.ports, view);
  const why = peer.matched && port.matched ? `${peer.why}; ${port.why}` : '';
  const misses = [peer, port].filter(({ matched }) => !matched).map((part) => part.why);
  return {
    peerMatched: peer.matched,
    portMatched: port.matched,
    why: misses.length === 0 ? why : misses.join('; '),
  };
}

interface Answer {
  matched: boolean;
  why: string;
}

function matchPeers(peers: NormalRule['peers'], view: RuleView): Answer {
  if (peers === 'any') return { matched: true, why: 'it names no peer, so it is for everybody' };
  if (peers.length === 0) return { matched: false, why: 'its peers cannot be understood' };
  const hit = peers.find((peer) => matchesPeer(peer, view));
  if (hit !== undefined) {
    return { matched: true, why: `${view.other.words} is among ${describePeer(hit)}` };
  }
  return {
    matched: false,
    why: peers
      .map((peer) => `it is for ${describePeer(peer)}, but ${mismatch(peer, view)}`)
      .join('; '),
  };
}

function matchesPeer(peer: Peer, { other, otherAddress }: RuleView): boolean {
  if (peer.type === 'addresses') {
    return otherAddress !== undefined && contains(peer.ranges, otherAddress);
  }
  return other.selectable !== undefined && matchesPodSet(peer.pods, other.selectable);
}

function mismatch(peer: Peer, { other }: RuleView): string {
  if (peer.type === 'addresses') return `${other.words} is not in them`;
  if (other.selectable !== undefined) return podMismatch(peer.pods, other);
  if (other.pod?.hostNetwork === true) {
    return `${other.words} uses its node's network, where no selector finds it`;
  }
  return `${other.words} is no pod`;
}

function podMismatch(set: PodSet, { selectable, words }: ResolvedEnd): string {
  if (selectable === undefined) return `${words} is no pod`;
  const { pod, namespaceLabels } = selectable;
  const reasons: string[] = [];
  if (set.namespaces.type === 'named') {
    if (set.namespaces.name !== pod.namespace) reasons.push(`${words} is in another namespace`);
  } else if (!matchesLabels(set.namespaces.labels, namespaceLabels)) {
    const has = relevantLabels(set.namespaces.labels, namespaceLabels);
    reasons.push(`namespace ${pod.namespace} has ${has}`);
  }
  if (!matchesLabels(set.pods, pod.labels)) {
    reasons.push(`${words} has ${relevantLabels(set.pods, pod.labels)}`);
  }
  return reasons.join(' and ');
}

function matchPorts(ports: NormalRule['ports'], view: RuleView): Answer {
  const asked = `${view.flow.protocol} ${view.flow.port}`;
  if (ports === 'any') return { matched: true, why: 'it names no port, so every port is allowed' };
  if (ports.some((port) => matchesPort(port, view))) {
    return { matched: true, why: `${asked} is among ${describePorts(ports)}` };
  }
  const names = ports.flatMap((port) => (port.type === 'name' ? [nameMismatch(port, view)] : []));
  return {
    matched: false,
    why: [`it allows ${describePorts(ports)}, not ${asked}`, ...names].join('; '),
  };
}

function matchesPort(match: PortMatch, { flow, destination }: RuleView): boolean {
  if (match.protocol !== flow.protocol) return false;
  if (match.type === 'range') return match.first <= flow.port && flow.port <= match.last;
  return numbersOf(match, destination).includes(flow.port);
}

function numbersOf(
  match: { protocol: string; name: string },
  { selectable }: ResolvedEnd,
): number[] {
  return (selectable?.pod.ports ?? [])
    .filter(({ name, protocol }) => name === match.name && protocol === match.protocol)
    .map(({ port }) => port);
}

function nameMismatch(
  match: { protocol: string; name: string },
  { destination }: RuleView,
): string {
  const numbers = numbersOf(match, destination);
  return numbers.length === 0
    ? `${destination.words} has no ${match.protocol} port named ${match.name}`
    : `${match.name} is ${numbers.join(' and ')} on ${destination.words}`;
}

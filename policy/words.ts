/** Peers, ports and pods in words that a learner reads. */
import { describePredicate, type LabelPredicate, type Labels } from './label-predicate.js';
import { ALL_PORTS, type Peer, type PodSet, type PortMatch } from './normal-form.js';

export function describePeers(peers: 'any' | readonly Peer[]): string {
  if (peers === 'any') return 'anywhere';
  if (peers.length === 0) return 'nobody';
  return peers.map(describePeer).join(', or ');
}

export function describePorts(ports: 'any' | readonly PortMatch[]): string {
  if (ports === 'any') return 'every port and protocol';
  if (ports.length === 0) return 'no port';
  return joined(ports.map(describePort), 'and');
}

export function describePodSet({ namespaces, pods }: PodSet): string {
  const labels = describePredicate(pods);
  const which = labels === undefined ? 'all pods' : `pods with ${labels}`;
  if (namespaces.type === 'named') return `${which} in namespace ${namespaces.name}`;
  const where = describePredicate(namespaces.labels);
  return `${which} in ${where === undefined ? 'every namespace' : `namespaces with ${where}`}`;
}

export function describePeer(peer: Peer): string {
  if (peer.type === 'pods') return describePodSet(peer.pods);
  const except = peer.except.length === 0 ? '' : ` except ${joined(peer.except, 'and')}`;
  return `addresses in ${peer.cidr}${except}`;
}

/** The labels a predicate asks about, as an object really has them: `app=web, no label tier`. */
export function relevantLabels(predicate: LabelPredicate, labels: Labels): string {
  return keysOf(predicate)
    .map((key) =>
      Object.hasOwn(labels, key) ? `${key}=${String(labels[key])}` : `no label ${key}`,
    )
    .join(', ');
}

/** `a, b and c` */
export function joined(parts: readonly string[], word: 'and' | 'or'): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} ${word} ${last}`;
}

export function ordinal(index: number): string {
  return ORDINALS[index] ?? `${index + 1}th`;
}

function describePort(port: PortMatch): string {
  if (port.type === 'name') return `${port.protocol} port named ${port.name}`;
  if (port.first === ALL_PORTS.first && port.last === ALL_PORTS.last) {
    return `every ${port.protocol} port`;
  }
  return `${port.protocol} ${port.first === port.last ? `${port.first}` : `${port.first}-${port.last}`}`;
}

function keysOf(predicate: LabelPredicate): string[] {
  switch (predicate.op) {
    case 'in':
    case 'exists':
      return [predicate.key];
    case 'not':
      return keysOf(predicate.of);
    case 'all':
    case 'any':
      return [...new Set(predicate.of.flatMap(keysOf))];
  }
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

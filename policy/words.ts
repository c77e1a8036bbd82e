/** Rules in words that a learner reads. */
import { describeEndpoints } from './describe-endpoints.js';
import type { Criterion, EndMatch, PacketMatch } from './normal-form.js';
import { protocolName } from './protocols.js';

export function describeEnds(anyOf: readonly EndMatch[]): string {
  if (anyOf.length === 0) return 'nobody';
  return anyOf.map(describeEnd).join(', or ');
}

export function describePackets(anyOf: readonly PacketMatch[]): string {
  if (anyOf.length === 0) return 'no port';
  return joined(anyOf.map(describePacket), 'and');
}

export function describeCriterion(criterion: Criterion): string {
  const words =
    criterion.about === 'packet' ? describePackets(criterion.anyOf) : describeEnds(criterion.anyOf);
  return criterion.not ? `anything but ${words}` : words;
}

export function describeEnd(end: EndMatch): string {
  switch (end.type) {
    case 'endpoint':
      return describeEndpoints(end.where);
    case 'net': {
      const except = end.except.length === 0 ? '' : ` except ${joined(end.except, 'and')}`;
      return `addresses in ${end.cidr}${except}`;
    }
    case 'service':
      return `what is behind service ${end.namespace}/${end.name}`;
  }
}

/** `a, b and c` */
export function joined(parts: readonly string[], word: 'and' | 'or'): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} ${word} ${last}`;
}

export function ordinal(index: number): string {
  return ORDINALS[index] ?? `${index + 1}th`;
}

function describePacket(match: PacketMatch): string {
  switch (match.type) {
    case 'family':
      return `IPv${match.family}`;
    case 'protocol': {
      const name = protocolName(match.protocol);
      return HAS_PORTS.includes(name) ? `every ${name} port` : name;
    }
    case 'port': {
      const { first, last } = match;
      const numbers = first === last ? `${first}` : `${first}-${last}`;
      return `${sideWords(match)}${protocolName(match.protocol)} ${numbers}`;
    }
    case 'named-port':
      return `${sideWords(match)}${protocolName(match.protocol)} port named ${match.name}`;
    case 'icmp': {
      const code = match.code === undefined ? '' : ` code ${match.code}`;
      return `${match.family === 4 ? 'ICMP' : 'ICMPv6'} type ${match.icmpType}${code}`;
    }
  }
}

const sideWords = ({ side }: { side: string }): string => (side === 'source' ? 'source ' : '');

const HAS_PORTS = ['TCP', 'UDP', 'SCTP'];
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/** Turns what a rule asks for into nftables matches. Knows nothing of the world: sets are named by meaning. */
import { createHash } from 'node:crypto';
import { formatRange, isWholeFamily, union, type AddressRange } from './address-range.js';
import { conjuncts, KIND, type LabelPredicate } from './label-predicate.js';
import type { Criterion, EndMatch, PacketMatch, Side } from './normal-form.js';
import { PROTOCOL, protocolWord, WITH_PORTS } from './protocols.js';

/** What a set must hold. */
export type SetMeaning =
  /** The addresses of pods and host endpoints. */
  | { type: 'endpoints'; family: 4 | 6; of: readonly LabelPredicate[] }
  /** The ranges of network sets. */
  | { type: 'network-sets'; family: 4 | 6; of: readonly LabelPredicate[] }
  | { type: 'ranges'; family: 4 | 6; ranges: readonly AddressRange[] }
  /** Address and number of every endpoint that names a port so. */
  | { type: 'named-port'; family: 4 | 6; name: string; protocol: number }
  /** Address, protocol and number of everything behind a Service; addresses alone as a source. */
  | { type: 'service'; family: 4 | 6; namespace: string; name: string; side: Side };

/** A conjunction of nft expressions; empty text matches everything of its family and protocol. */
export interface Match {
  /** Undefined where the text holds for both families. */
  family: 4 | 6 | undefined;
  /** Set where the text implies it. */
  protocol: number | undefined;
  text: string;
}

export interface CriteriaTarget {
  families: readonly (4 | 6)[];
  /** The world holds network sets, so that selectors may mean ranges. */
  hasNetworkSets: boolean;
  /** Filled with what the matches refer to. */
  sets: Map<string, SetMeaning>;
}

/** Alternatives that together match what all criteria ask for. */
export function compileCriteria(criteria: readonly Criterion[], target: CriteriaTarget): string[] {
  let matches: readonly Match[] = [ALWAYS];
  for (const criterion of criteria) {
    const more = compileCriterion(criterion, target);
    matches = matches.flatMap((match) => more.flatMap((other) => both(match, other) ?? []));
  }
  return matches.map(({ text }) => text);
}

/** A short name for a meaning: equal meanings have equal names. */
export const nameFor = (meaning: string): string =>
  createHash('sha256').update(meaning).digest('hex').slice(0, 16);

const ALWAYS: Match = { family: undefined, protocol: undefined, text: '' };

function both(a: Match, b: Match): Match | undefined {
  if ((a.family ?? b.family) !== (b.family ?? a.family)) return undefined;
  if ((a.protocol ?? b.protocol) !== (b.protocol ?? a.protocol)) return undefined;
  return {
    family: a.family ?? b.family,
    protocol: a.protocol ?? b.protocol,
    text: [a.text, b.text].filter((text) => text !== '').join(' '),
  };
}

function compileCriterion(criterion: Criterion, target: CriteriaTarget): Match[] {
  if (criterion.about === 'packet') {
    return criterion.not
      ? excludePackets(criterion.anyOf, target)
      : packetMatches(criterion.anyOf, { target, operator: '' });
  }
  const { about, anyOf, not } = criterion;
  const matches = target.families.flatMap((family) =>
    endMatches(anyOf, { ...target, family, about, operator: not ? '!= ' : '' }),
  );
  if (!not) return matches;
  // None of them: all in one line, one line per family.
  return target.families.map((family) => {
    const own = matches.filter((match) => match.family === family).map(({ text }) => text);
    const kind = target.families.length > 1 ? [`meta nfproto ${NFPROTO[family]}`] : [];
    return { family, protocol: undefined, text: [...kind, ...own].join(' ') };
  });
}

interface EndTarget extends CriteriaTarget {
  family: 4 | 6;
  about: Side;
  operator: '' | '!= ';
}

function endMatches(anyOf: readonly EndMatch[], target: EndTarget): Match[] {
  const { family, about, operator, sets, hasNetworkSets } = target;
  const address = `${IP[family]} ${about === 'source' ? 'saddr' : 'daddr'}`;
  const of = anyOf.flatMap((end) => (end.type === 'endpoint' ? [end.where] : []));
  const ranges = union(anyOf.flatMap((end) => (end.type === 'net' ? end.ranges : []))).filter(
    (range) => range.family === family,
  );
  const match = (text: string): Match => ({ family, protocol: undefined, text });
  const matches: Match[] = [];
  if (of.length > 0) {
    const name = `pods${family}-${nameFor(JSON.stringify(of))}`;
    sets.set(name, { type: 'endpoints', family, of });
    matches.push(match(`${address} ${operator}@${name}`));
  }
  const ofSets = hasNetworkSets ? of.filter(mayBeNetworkSet) : [];
  if (ofSets.length > 0) {
    const name = `nets${family}-${nameFor(JSON.stringify(ofSets))}`;
    sets.set(name, { type: 'network-sets', family, of: ofSets });
    matches.push(match(`${address} ${operator}@${name}`));
  }
  if (ranges.length > MAX_SPELT_OUT) {
    const name = `ranges${family}-${nameFor(ranges.map(formatRange).join())}`;
    sets.set(name, { type: 'ranges', family, ranges });
    matches.push(match(`${address} ${operator}@${name}`));
  } else {
    for (const range of ranges) {
      const text = isWholeFamily(range)
        ? `meta nfproto ${operator}${NFPROTO[family]}`
        : `${address} ${operator}${formatRange(range)}`;
      matches.push(match(text));
    }
  }
  for (const end of anyOf) {
    if (end.type !== 'service') continue;
    const { namespace, name } = end;
    const set = `service${family}-${nameFor(JSON.stringify([namespace, name, about]))}`;
    sets.set(set, { type: 'service', family, namespace, name, side: about });
    const key = about === 'source' ? address : `${address} . meta l4proto . th dport`;
    matches.push(match(`${key} ${operator}@${set}`));
  }
  return matches;
}

const mayBeNetworkSet = (where: LabelPredicate): boolean =>
  conjuncts(where).every(
    (part) => !(part.op === 'in' && part.key === KIND) || part.values.includes('set'),
  );

interface PacketTarget {
  target: CriteriaTarget;
  operator: '' | '!= ';
}

function packetMatches(anyOf: readonly PacketMatch[], { target, operator }: PacketTarget): Match[] {
  return [
    ...numericMatches(anyOf, operator),
    ...namedMatches(anyOf, { target, operator }),
    ...anyOf.flatMap((match): Match[] => {
      if (match.type === 'family') {
        const text = `meta nfproto ${operator}${NFPROTO[match.family]}`;
        return [{ family: match.family, protocol: undefined, text }];
      }
      return match.type === 'icmp' ? [icmpMatch(match, operator)] : [];
    }),
  ];
}

/** None of them: of another protocol than those named, or of one of them and not with these numbers. */
function excludePackets(anyOf: readonly PacketMatch[], target: CriteriaTarget): Match[] {
  if (anyOf.length === 0) return [ALWAYS];
  const families = anyOf.flatMap((match) => (match.type === 'family' ? [match.family] : []));
  const rest = anyOf.filter(({ type }) => type !== 'family');
  const wanted = target.families.filter((family) => !families.includes(family));
  const others =
    families.length === 0
      ? [ALWAYS]
      : wanted.map((family): Match => ({
          family,
          protocol: undefined,
          text: `meta nfproto ${NFPROTO[family]}`,
        }));
  const named = [...new Set(rest.map(protocolOf))].toSorted((a, b) => a - b);
  const excluded = new Set(
    rest.flatMap((match) => (match.type === 'protocol' ? [match.protocol] : [])),
  );
  const numbers = named.map(protocolWord);
  const matches: Match[] =
    numbers.length === 0
      ? [ALWAYS]
      : [
          {
            ...ALWAYS,
            text: `meta l4proto != ${numbers.length === 1 ? numbers.join() : `{ ${numbers.join(', ')} }`}`,
          },
        ];
  for (const protocol of named) {
    if (excluded.has(protocol)) continue;
    const own = rest.filter((match) => protocolOf(match) === protocol);
    const parts = packetMatches(own, { target, operator: '!= ' });
    const byFamily = parts.some(({ family }) => family !== undefined);
    for (const family of byFamily ? target.families : [undefined]) {
      const texts = parts
        .filter((part) => part.family === undefined || part.family === family)
        .map(({ text }) => text);
      const kind = family === undefined ? [] : [`meta nfproto ${NFPROTO[family]}`];
      const whole =
        texts.length === 0 ? [...kind, `meta l4proto ${protocolWord(protocol)}`] : texts;
      matches.push({ family, protocol, text: whole.join(' ') });
    }
  }
  return others.flatMap((other) => matches.flatMap((match) => both(other, match) ?? []));
}

function protocolOf(match: PacketMatch): number {
  if (match.type === 'family') throw new Error('A family has no protocol.');
  if (match.type !== 'icmp') return match.protocol;
  return match.family === 4 ? PROTOCOL.ICMP : PROTOCOL.ICMPv6;
}

function numericMatches(anyOf: readonly PacketMatch[], operator: '' | '!= '): Match[] {
  const protocols = new Set([
    ...WITH_PORTS,
    ...anyOf.flatMap((match) => (match.type === 'protocol' ? [match.protocol] : [])),
  ]);
  return [...protocols].flatMap((protocol): Match[] => {
    const word = protocolWord(protocol);
    const ports = (side: Side): string[] =>
      mergeNumbers(
        anyOf.flatMap((match) =>
          match.type === 'port' && match.protocol === protocol && match.side === side
            ? [match]
            : [],
        ),
      );
    const [to, from] = [ports('destination'), ports('source')];
    const isWhole =
      to.includes(EVERY_PORT) ||
      from.includes(EVERY_PORT) ||
      anyOf.some((match) => match.type === 'protocol' && match.protocol === protocol);
    if (isWhole) return [{ family: undefined, protocol, text: `meta l4proto ${operator}${word}` }];
    return [
      ...spelt(to).map((number) => `${word} dport ${operator}${number}`),
      ...spelt(from).map((number) => `${word} sport ${operator}${number}`),
    ].map((text) => ({ family: undefined, protocol, text }));
  });
}

const spelt = (numbers: readonly string[]): readonly string[] =>
  numbers.length > MAX_SPELT_OUT ? [`{ ${numbers.join(', ')} }`] : numbers;

function namedMatches(anyOf: readonly PacketMatch[], { target, operator }: PacketTarget): Match[] {
  const named = new Map(
    anyOf.flatMap((match) =>
      match.type === 'named-port'
        ? [[JSON.stringify([match.side, match.protocol, match.name]), match] as const]
        : [],
    ),
  );
  return [...named.values()].flatMap(({ side, protocol, name }) =>
    target.families.map((family): Match => {
      const set = `ports${family}-${nameFor(JSON.stringify([protocol, name]))}`;
      target.sets.set(set, { type: 'named-port', family, name, protocol });
      const [address, port] = side === 'source' ? ['saddr', 'sport'] : ['daddr', 'dport'];
      const key = `${IP[family]} ${address} . ${protocolWord(protocol)} ${port}`;
      return { family, protocol, text: `${key} ${operator}@${set}` };
    }),
  );
}

function icmpMatch(match: PacketMatch & { type: 'icmp' }, operator: '' | '!= '): Match {
  const [word, protocol] =
    match.family === 4 ? ['icmp', PROTOCOL.ICMP] : ['icmpv6', PROTOCOL.ICMPv6];
  const text =
    match.code === undefined
      ? `${word} type ${operator}${match.icmpType}`
      : `${word} type . ${word} code ${operator}{ ${match.icmpType} . ${match.code} }`;
  return { family: match.family, protocol, text };
}

function mergeNumbers(ranges: readonly { first: number; last: number }[]): string[] {
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous.last + 1) {
      previous.last = Math.max(previous.last, last);
    } else merged.push({ first, last });
  }
  return merged.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
}

/**
 * Up to so many ranges or ports are a rule each. nft asks the kernel for the elements of every set with
 * intervals before each command, so a thousand small sets would cost every later change dearly.
 */
const MAX_SPELT_OUT = 4;
const IP = { 4: 'ip', 6: 'ip6' } as const;
const NFPROTO = { 4: 'ipv4', 6: 'ipv6' } as const;
const EVERY_PORT = '0-65535';

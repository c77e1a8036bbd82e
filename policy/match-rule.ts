import { contains, type Address } from './address-range.js';
import { relevantFacts, scopeOf } from './describe-endpoints.js';
import type { ResolvedEnd } from './flow-end.js';
import { conjuncts, KIND, matchesLabels, NAME, type LabelPredicate } from './label-predicate.js';
import type { Flow } from './model.js';
import type { Criterion, EndMatch, NormalRule, PacketMatch, Side } from './normal-form.js';
import { PROTOCOL, protocolName } from './protocols.js';
import { hasAddress, type ServiceEndpoints } from './service-endpoints.js';
import { describeEnd, describePackets } from './words.js';

/** A flow as rules see it. */
export interface RuleView {
  services: readonly ServiceEndpoints[];
  flow: Flow;
  source: ResolvedEnd;
  destination: ResolvedEnd;
  /** Those that the connection uses. */
  addresses: Readonly<Record<Side, Address | undefined>>;
}

export interface RuleMatch {
  peerMatched: boolean;
  portMatched: boolean;
  why: string;
}

/** Asks one rule about one flow, and says why. All criteria of a rule must hold. */
export function matchRule(rule: NormalRule, view: RuleView): RuleMatch {
  const answers = rule.when.map((criterion) => ({
    isPacket: criterion.about === 'packet',
    ...askCriterion(criterion, view),
  }));
  const holds = (isPacket: boolean): boolean =>
    answers.every((answer) => answer.isPacket !== isPacket || answer.matched);
  const [peerMatched, portMatched] = [holds(false), holds(true)];
  if (!peerMatched || !portMatched) {
    const misses = answers.filter(({ matched }) => !matched);
    return { peerMatched, portMatched, why: misses.map(({ why }) => why).join('; ') };
  }
  const named = (isPacket: boolean): boolean =>
    rule.when.some(({ about }) => (about === 'packet') === isPacket);
  const reasons = [
    ...(named(false) ? [] : ['it names no peer, so it is for everybody']),
    ...answers.map(({ why }) => why),
    ...(named(true) ? [] : ['it names no port, so it is for every port']),
  ];
  return { peerMatched, portMatched, why: reasons.join('; ') };
}

interface Answer {
  matched: boolean;
  why: string;
}

function askCriterion(criterion: Criterion, view: RuleView): Answer {
  if (criterion.about === 'packet') return askPacket(criterion, view);
  const { about, anyOf, not } = criterion;
  const { words } = view[about];
  if (anyOf.length === 0) return { matched: not, why: 'its peers cannot be understood' };
  const hit = anyOf.find((end) => matchesEnd(end, about, view));
  if (not) {
    if (hit === undefined) return { matched: true, why: `${words} is not excluded` };
    return { matched: false, why: `it excludes ${describeEnd(hit)}, and ${words} is among them` };
  }
  if (hit !== undefined) return { matched: true, why: `${words} is among ${describeEnd(hit)}` };
  const misses = anyOf.map(
    (end) => `it is for ${describeEnd(end)}, but ${mismatch(end, view[about])}`,
  );
  return { matched: false, why: misses.join('; ') };
}

function matchesEnd(end: EndMatch, side: Side, view: RuleView): boolean {
  const address = view.addresses[side];
  switch (end.type) {
    case 'net':
      return address !== undefined && contains(end.ranges, address);
    case 'endpoint':
      return view[side].identities.some((facts) => matchesLabels(end.where, facts));
    case 'service':
      return address !== undefined && isBehind(end, { address, side, view });
  }
}

/** As a destination an address counts with the ports it has there, as a source alone. */
function isBehind(
  { namespace, name }: { namespace: string; name: string },
  { address, side, view }: { address: Address; side: Side; view: RuleView },
): boolean {
  const { flow, services } = view;
  return services.some(
    (slice) =>
      slice.service === `${namespace}/${name}` &&
      hasAddress(slice, address) &&
      (side === 'source' ||
        slice.ports.some(
          ({ port, protocol }) => port === flow.port && protocol === PROTOCOL[flow.protocol],
        )),
  );
}

function mismatch(end: EndMatch, { words, identities, pod }: ResolvedEnd): string {
  if (end.type === 'net') return `${words} is not in them`;
  if (end.type === 'service') return `${words} is not`;
  if (pod?.hostNetwork === true) {
    return `${words} uses its node's network, where no selector finds it`;
  }
  const wanted = kindsOf(end.where);
  const facts = identities.find(({ kind }) => wanted === undefined || wanted.includes(kind));
  if (facts === undefined)
    return `${words} is no ${wanted?.includes('pod') === true ? 'pod' : 'such'}`;
  const failing = conjuncts(end.where).filter((part) => !matchesLabels(part, facts));
  return failing.map((part) => failure(part, { words, facts })).join(' and ');
}

function failure(
  part: LabelPredicate,
  { words, facts }: { words: string; facts: ResolvedEnd['identities'][number] },
): string {
  const scope = scopeOf(part);
  if (scope === 'namespace') {
    if (part.op === 'in' && part.key === NAME) return `${words} is in another namespace`;
    return `namespace ${facts.namespace?.name ?? ''} has ${relevantFacts(part, facts)}`;
  }
  return `${words} has ${relevantFacts(part, facts)}`;
}

function kindsOf(predicate: LabelPredicate): readonly string[] | undefined {
  for (const part of conjuncts(predicate)) {
    if (part.op === 'in' && part.scope === 'own' && part.key === KIND) return part.values;
  }
  return undefined;
}

function askPacket({ anyOf, not }: Criterion & { about: 'packet' }, view: RuleView): Answer {
  const asked = askedWords(view.flow);
  const hit = anyOf.some((match) => matchesPacket(match, view));
  const words = describePackets(anyOf);
  if (not) {
    return {
      matched: !hit,
      why: hit ? `it excludes ${words}, and ${asked} is among them` : `${asked} is not excluded`,
    };
  }
  if (hit) return { matched: true, why: `${asked} is among ${words}` };
  const names = anyOf.flatMap((match) =>
    match.type === 'named-port' ? [nameMismatch(match, view)] : [],
  );
  return { matched: false, why: [`it is for ${words}, not ${asked}`, ...names].join('; ') };
}

function matchesPacket(match: PacketMatch, { flow, addresses, ...ends }: RuleView): boolean {
  switch (match.type) {
    case 'family':
      return addresses.destination?.family === match.family;
    case 'protocol':
      return PROTOCOL[flow.protocol] === match.protocol;
    case 'port':
      return (
        PROTOCOL[flow.protocol] === match.protocol &&
        portsOf(flow, match.side).every((port) => match.first <= port && port <= match.last)
      );
    case 'named-port': {
      const numbers = numbersOf(match, ends[match.side]);
      return (
        PROTOCOL[flow.protocol] === match.protocol &&
        portsOf(flow, match.side).every((port) => numbers.includes(port))
      );
    }
    case 'icmp': {
      const echo = { type: flow.protocol === 'ICMP' ? 8 : 128, code: 0 };
      const { type, code } = flow.icmp ?? echo;
      return (
        flow.protocol === (match.family === 4 ? 'ICMP' : 'ICMPv6') &&
        type === match.icmpType &&
        (match.code === undefined || code === match.code)
      );
    }
  }
}

/** A source port that was not given is any of the system's own range: only what covers all of it matches. */
function portsOf({ port, sourcePort }: Flow, side: Side): readonly number[] {
  if (side === 'destination') return [port];
  return sourcePort === undefined ? EPHEMERAL : [sourcePort];
}

const EPHEMERAL = [32_768, 60_999];

/** `TCP 80`, `ICMP type 8` */
export function askedWords({ protocol, port, icmp }: Flow): string {
  if (protocol === 'ICMP' || protocol === 'ICMPv6') {
    return icmp === undefined ? protocol : `${protocol} type ${icmp.type} code ${icmp.code}`;
  }
  return `${protocol} ${port}`;
}

function numbersOf(
  match: { protocol: number; name: string },
  { endpoints }: ResolvedEnd,
): number[] {
  return endpoints
    .flatMap(({ ports }) => ports)
    .filter(({ name, protocol }) => name === match.name && protocol === match.protocol)
    .map(({ port }) => port);
}

function nameMismatch(match: PacketMatch & { type: 'named-port' }, view: RuleView): string {
  const { words } = view[match.side];
  const numbers = numbersOf(match, view[match.side]);
  return numbers.length === 0
    ? `${words} has no ${protocolName(match.protocol)} port named ${match.name}`
    : `${match.name} is ${numbers.join(' and ')} on ${words}`;
}

/** Reads compiled rules as the kernel would, for new IPv4 connections between pods: no kernel needed. */
import type { Flow, World, WorldPod } from '../../policy/model.js';
import { CHAIN_KINDS, type NodeRules, type PodMap } from '../../policy/node-rules.js';

interface Packet {
  saddr: string;
  daddr: string;
  protocol: string;
  sport: number;
  dport: number;
}

/** Both ends must be pods; `rulesOf` gives what a node holds. */
export function simulate(world: World, flow: Flow, rulesOf: (node: string) => NodeRules): boolean {
  const podOf = (end: Flow['from']): WorldPod =>
    world.pods.find(
      (pod) => end.type === 'pod' && pod.namespace === end.namespace && pod.name === end.name,
    )!;
  const [from, to] = [podOf(flow.from), podOf(flow.to)];
  const packet = {
    saddr: from.addresses[0]!,
    daddr: to.addresses[0]!,
    protocol: flow.protocol.toLowerCase(),
    sport: 40_000,
    dport: flow.port,
  };
  if (from === to) return true;
  return (
    passes(rulesOf(from.node), { map: 'egress4', packet, key: packet.saddr }) &&
    passes(rulesOf(to.node), { map: 'ingress4', packet, key: packet.daddr })
  );
}

function passes(
  rules: NodeRules,
  { map, packet, key }: { map: PodMap; packet: Packet; key: string },
): boolean {
  const chain = rules.verdicts[map].get(key);
  return chain === undefined || run(rules, chain, packet) !== 'drop';
}

function run(rules: NodeRules, chain: string, packet: Packet): 'accept' | 'drop' | undefined {
  const lines = CHAIN_KINDS.map((kind) => rules[kind].get(chain)).find(
    (found) => found !== undefined,
  );
  if (lines === undefined) throw new Error(`no chain ${chain}`);
  for (const line of lines) {
    const verdict = verdictOf(rules, line, packet);
    if (verdict === 'accept' || verdict === 'drop') return verdict;
    if (verdict === 'return') return undefined;
    if (!verdict.startsWith('jump ')) continue;
    const inner = run(rules, verdict.slice('jump '.length), packet);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Empty where the line does not match or says nothing that ends anything. */
function verdictOf(rules: NodeRules, line: string, packet: Packet): string {
  let rest = line
    .replaceAll(/ ?(comment "[^"]*"|counter|log group \d+ prefix "[^"]*")/g, '')
    .trim();
  while (rest !== '') {
    if (rest.startsWith(BY_PORT)) return verdictByPort(rest, packet);
    const read = MATCHES.map(({ pattern, holds }) => ({ found: pattern.exec(rest), holds })).find(
      ({ found }) => found !== null,
    );
    if (read?.found == null) return rest;
    const { not, ...groups } = read.found.groups ?? {};
    if (read.holds({ rules, packet, groups }) === (not !== undefined)) return '';
    rest = rest.slice(read.found[0].length).trim();
  }
  return '';
}

const BY_PORT = 'meta l4proto . th dport vmap { ';

/** A map in a rule leads on by protocol and port; without an entry the packet stays. */
function verdictByPort(map: string, { protocol, dport }: Packet): string {
  const elements = map.slice(BY_PORT.length, -' }'.length).split(', ');
  const [found] = elements.filter((one) => one.startsWith(`${protocol} . ${dport} : `));
  return found?.split(' : ')[1] ?? '';
}

interface Question {
  rules: NodeRules;
  packet: Packet;
  groups: Record<string, string | undefined>;
}

const NOT = String.raw`(?<not>!= )?`;
const VALUE = String.raw`(?<value>\{[^}]*\}|\S+)`;
const MATCHES: readonly { pattern: RegExp; holds: (question: Question) => boolean }[] = [
  {
    pattern: new RegExp(
      `^ip (?<side>[sd]addr) \\. (?<protocol>\\w+) (?<port>[sd]port) ${NOT}@(?<set>\\S+)`,
    ),
    holds: ({ rules, packet, groups }) =>
      packet.protocol === groups['protocol'] &&
      elementsOf(rules, groups['set']).includes(
        `${addressOf(packet, groups['side'])} . ${portOf(packet, groups['port'])}`,
      ),
  },
  {
    pattern: new RegExp(`^ip (?<side>[sd]addr) ${NOT}${VALUE}`),
    holds: ({ rules, packet, groups }) =>
      listed(rules, groups['value']).some((range) =>
        within(numberOf(addressOf(packet, groups['side'])), range, numberOf),
      ),
  },
  {
    pattern: new RegExp(`^meta nfproto ${NOT}${VALUE}`),
    holds: ({ groups }) => groups['value'] === 'ipv4',
  },
  {
    pattern: new RegExp(`^meta l4proto ${NOT}${VALUE}`),
    holds: ({ rules, packet, groups }) => listed(rules, groups['value']).includes(packet.protocol),
  },
  {
    pattern: new RegExp(`^(?<protocol>tcp|udp|sctp) (?<port>[sd]port) ${NOT}${VALUE}`),
    holds: ({ rules, packet, groups }) =>
      packet.protocol === groups['protocol'] &&
      listed(rules, groups['value']).some((range) =>
        within(portOf(packet, groups['port']), range, Number),
      ),
  },
];

const addressOf = (packet: Packet, side = ''): string =>
  side === 'saddr' ? packet.saddr : packet.daddr;
const portOf = (packet: Packet, side = ''): number =>
  side === 'sport' ? packet.sport : packet.dport;
const elementsOf = (rules: NodeRules, set = ''): readonly string[] => {
  const found = rules.sets.get(set);
  if (found === undefined) throw new Error(`no set ${set}`);
  return found.elements;
};

function listed(rules: NodeRules, value = ''): readonly string[] {
  if (value.startsWith('@')) return elementsOf(rules, value.slice(1));
  return value.replaceAll(/[{} ]/g, '').split(',');
}

function within(value: number, range: string, read: (text: string) => number): boolean {
  const [first = '', last = first] = range.split('-');
  return value >= read(first) && value <= read(last);
}

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

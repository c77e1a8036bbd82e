/** Turns the rules of one policy into nftables rules. Knows nothing of pods: sets are named by meaning. */
import { createHash } from 'node:crypto';
import { formatRange, isWholeFamily, union, type AddressRange } from './address-range.js';
import type { RuleRef } from './model.js';
import {
  ALL_PORTS,
  type Direction,
  type NormalPolicy,
  type NormalRule,
  type PodSet,
  type PolicyProtocol,
  type PortMatch,
} from './normal-form.js';

/** What a set must hold. */
export type SetMeaning =
  | { type: 'pods'; family: 4 | 6; of: readonly PodSet[] }
  | { type: 'ranges'; family: 4 | 6; ranges: readonly AddressRange[] }
  /** Address and number of every pod that names a port so. */
  | { type: 'named-port'; family: 4 | 6; name: string; protocol: PolicyProtocol };

export interface PolicyChain {
  name: string;
  rules: readonly string[];
  sets: ReadonlyMap<string, SetMeaning>;
  comments: ReadonlyMap<string, RuleRef>;
}

export interface CompileTarget {
  direction: Direction;
  families: readonly (4 | 6)[];
}

/** The chain that accepts what the policy allows; undefined where it allows nothing. Remembered per policy. */
export function compilePolicy(
  policy: NormalPolicy,
  target: CompileTarget,
): PolicyChain | undefined {
  const memo = chains.get(policy) ?? new Map<string, PolicyChain | undefined>();
  chains.set(policy, memo);
  const key = `${target.direction}${target.families.join('')}`;
  if (!memo.has(key)) memo.set(key, buildChain(policy, target));
  return memo.get(key);
}

/** A short name for a meaning: equal meanings have equal names. */
export const nameFor = (meaning: string): string =>
  createHash('sha256').update(meaning).digest('hex').slice(0, 16);

const chains = new WeakMap<NormalPolicy, Map<string, PolicyChain | undefined>>();

interface Match {
  /** Undefined where the text holds for both families. */
  family: 4 | 6 | undefined;
  text: string;
}

function buildChain(policy: NormalPolicy, target: CompileTarget): PolicyChain | undefined {
  const sets = new Map<string, SetMeaning>();
  const comments = new Map<string, RuleRef>();
  const rules = (policy[target.direction] ?? []).flatMap((rule) => {
    const ref = { policy, direction: target.direction, rule: rule.index };
    const comment = commentFor(ref);
    comments.set(comment, {
      namespace: policy.namespace,
      policy: policy.name,
      direction: target.direction,
      rule: rule.index,
    });
    return matchesOf(rule, target, sets).map((match) =>
      [match, 'counter accept', `comment "${comment}"`].filter((part) => part !== '').join(' '),
    );
  });
  if (rules.length === 0) return undefined;
  const name = `np-${target.direction}-${nameFor(rules.join('\n'))}`;
  return { name, rules, sets, comments };
}

function matchesOf(
  rule: NormalRule,
  target: CompileTarget,
  sets: Map<string, SetMeaning>,
): string[] {
  const addresses = addressMatches(rule, target, sets);
  const ports = portMatches(rule.ports, target.families, sets);
  return addresses.flatMap((address) =>
    ports
      .filter(({ family }) => (family ?? address.family) === (address.family ?? family))
      .map((port) => [address.text, port.text].filter((text) => text !== '').join(' ')),
  );
}

function addressMatches(
  { peers }: NormalRule,
  { direction, families }: CompileTarget,
  sets: Map<string, SetMeaning>,
): Match[] {
  if (peers === 'any') return [{ family: undefined, text: '' }];
  const side = direction === 'ingress' ? 'saddr' : 'daddr';
  const pods = peers.flatMap((peer) => (peer.type === 'pods' ? [peer.pods] : []));
  const ranges = union(peers.flatMap((peer) => (peer.type === 'addresses' ? peer.ranges : [])));
  return families.flatMap((family) => {
    const own = ranges.filter((range) => range.family === family);
    const matches: Match[] = [];
    if (pods.length > 0) {
      const name = `pods${family}-${nameFor(JSON.stringify(pods))}`;
      sets.set(name, { type: 'pods', family, of: pods });
      matches.push({ family, text: `${IP[family]} ${side} @${name}` });
    }
    if (own.length > MAX_SPELT_OUT) {
      const name = `ranges${family}-${nameFor(own.map(formatRange).join())}`;
      sets.set(name, { type: 'ranges', family, ranges: own });
      matches.push({ family, text: `${IP[family]} ${side} @${name}` });
    } else {
      matches.push(...own.map((range) => ({ family, text: rangeMatch(range, side) })));
    }
    return matches;
  });
}

function portMatches(
  ports: 'any' | readonly PortMatch[],
  families: readonly (4 | 6)[],
  sets: Map<string, SetMeaning>,
): Match[] {
  if (ports === 'any') return [{ family: undefined, text: '' }];
  const matches: Match[] = numericMatches(ports).map((text) => ({ family: undefined, text }));
  const named = new Map(
    ports.flatMap((port) =>
      port.type === 'name' ? [[JSON.stringify([port.protocol, port.name]), port] as const] : [],
    ),
  );
  for (const [key, { protocol, name: portName }] of named) {
    for (const family of families) {
      const name = `ports${family}-${nameFor(key)}`;
      sets.set(name, { type: 'named-port', family, name: portName, protocol });
      const text = `${IP[family]} daddr . ${protocol.toLowerCase()} dport @${name}`;
      matches.push({ family, text });
    }
  }
  return matches;
}

function rangeMatch(range: AddressRange, side: 'saddr' | 'daddr'): string {
  const { family } = range;
  if (isWholeFamily(range)) return `meta nfproto ${NFPROTO[family]}`;
  return `${IP[family]} ${side} ${formatRange(range)}`;
}

function numericMatches(ports: readonly PortMatch[]): string[] {
  return PROTOCOLS.flatMap((protocol) => {
    const name = protocol.toLowerCase();
    const numbers = mergeNumbers(
      ports.flatMap((port) => (port.type === 'range' && port.protocol === protocol ? [port] : [])),
    );
    if (numbers.includes(EVERY_PORT)) return [`meta l4proto ${name}`];
    if (numbers.length > MAX_SPELT_OUT) return [`${name} dport { ${numbers.join(', ')} }`];
    return numbers.map((number) => `${name} dport ${number}`);
  });
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

/** nft cuts comments at 128 bytes; longer names are replaced by a short one that `comments` resolves. */
function commentFor(ref: { policy: NormalPolicy; direction: Direction; rule: number }): string {
  const { namespace, name } = ref.policy;
  const tail = `${ref.direction}:${ref.rule}`;
  const full = `np:${namespace}/${name}:${tail}`;
  // The names come from outside: nothing but these characters may enter an nft script.
  if (full.length <= 120 && /^[\w./:-]+$/.test(full)) return full;
  return `np:#${nameFor(JSON.stringify([namespace, name]))}:${tail}`;
}

/**
 * Up to so many ranges or ports are a rule each. nft asks the kernel for the elements of every set with
 * intervals before each command, so a thousand small sets would cost every later change dearly.
 */
const MAX_SPELT_OUT = 4;
const IP = { 4: 'ip', 6: 'ip6' } as const;
const NFPROTO = { 4: 'ipv4', 6: 'ipv6' } as const;
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const EVERY_PORT = `${ALL_PORTS.first}-${ALL_PORTS.last}`;

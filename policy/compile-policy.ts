/** Turns the rules of one policy into nftables rules. Knows nothing of pods: sets are named by meaning. */
import { compileCriteria, nameFor, type SetMeaning } from './compile-criteria.js';
import type { RuleRef } from './model.js';
import type { Denial } from './node-rules.js';
import {
  policyId,
  type Criterion,
  type Direction,
  type NormalPolicy,
  type NormalRule,
} from './normal-form.js';
import { protocolWord } from './protocols.js';
import { refOf } from './walk-tiers.js';

export interface CompileTarget {
  direction: Direction;
  families: readonly (4 | 6)[];
  /** The world holds network sets, so that selectors may mean ranges. */
  hasNetworkSets: boolean;
  /** The netlink log group that denied and logged packets are told to. */
  logGroup: number;
  /** What to do with a packet that is let through. */
  accept: string;
}

/** What rules refer to, by name. */
export interface References {
  sets: ReadonlyMap<string, SetMeaning>;
  comments: ReadonlyMap<string, RuleRef>;
  denials: ReadonlyMap<string, Denial>;
  logs: ReadonlyMap<string, RuleRef>;
}

export interface CompiledPolicy extends References {
  name: string;
  rules: readonly string[];
  /** Some rule leaves the tier: then the rules must stand in the tier's own chain, not in one it jumps to. */
  leavesTier: boolean;
  /** As keys `tcp . 80`: every rule asks for one of these destination ports. Undefined where that is not so. */
  ports: ReadonlySet<string> | undefined;
}

/** Undefined where no rule of it can match. Remembered per policy. */
export function compilePolicy(
  policy: NormalPolicy,
  target: CompileTarget,
): CompiledPolicy | undefined {
  const memo = compiled.get(policy) ?? new Map<string, CompiledPolicy | undefined>();
  compiled.set(policy, memo);
  const key = keyOf(target);
  if (!memo.has(key)) {
    const rules = policy[target.direction] ?? [];
    memo.set(
      key,
      compileRules(rules, { ...target, refOf: (rule) => refOf(policy, target.direction, rule) }),
    );
  }
  return memo.get(key);
}

export const keyOf = (target: CompileTarget): string =>
  [
    target.direction,
    target.families.join(''),
    target.hasNetworkSets,
    target.logGroup,
    target.accept,
  ].join(' ');

const compiled = new WeakMap<NormalPolicy, Map<string, CompiledPolicy | undefined>>();

export function compileRules(
  written: readonly NormalRule[],
  target: CompileTarget & { refOf: (rule: number) => RuleRef },
): CompiledPolicy | undefined {
  const sets = new Map<string, SetMeaning>();
  const comments = new Map<string, RuleRef>();
  const denials = new Map<string, Denial>();
  const logs = new Map<string, RuleRef>();
  const { families, hasNetworkSets } = target;
  const rules = written.flatMap((rule) => {
    const ref = target.refOf(rule.index);
    const comment = commentFor(ref);
    const prefix = `gh:${rule.action}:${ref.direction}:${nameFor(JSON.stringify(ref))}`;
    comments.set(comment, ref);
    if (rule.action === 'deny') {
      const policies = [policyId({ namespace: ref.namespace, name: ref.policy })];
      denials.set(prefix, { direction: ref.direction, policies, rule: ref });
    }
    if (rule.action === 'log') logs.set(prefix, ref);
    const verdict = verdictOf(rule, { ...target, prefix });
    return compileCriteria(rule.when, { families, hasNetworkSets, sets }).map((match) =>
      [match, verdict, `comment "${comment}"`].filter((part) => part !== '').join(' '),
    );
  });
  if (rules.length === 0) return undefined;
  const name = `np-${target.direction}-${nameFor(rules.join('\n'))}`;
  const leavesTier = written.some(({ action }) => action === 'pass');
  return { name, rules, leavesTier, ports: portsOf(written), sets, comments, denials, logs };
}

function portsOf(written: readonly NormalRule[]): ReadonlySet<string> | undefined {
  const keys = written.map(({ when }) => when.map(portKeys).find((ports) => ports !== undefined));
  return keys.includes(undefined) ? undefined : new Set(keys.flatMap((ports) => ports ?? []));
}

/** Undefined where a packet to another port may meet the criterion, or there are too many to name. */
function portKeys(criterion: Criterion): string[] | undefined {
  if (criterion.about !== 'packet' || criterion.not) return undefined;
  const keys = criterion.anyOf.map((match) =>
    match.type === 'port' && match.side === 'destination' && match.first === match.last
      ? `${protocolWord(match.protocol)} . ${match.first}`
      : undefined,
  );
  return keys.length > MAX_KEYS ? undefined : allDefined(keys);
}

const allDefined = <T>(list: readonly (T | undefined)[]): T[] | undefined => {
  const defined = list.filter((item) => item !== undefined);
  return defined.length === list.length ? defined : undefined;
};

const MAX_KEYS = 16;

function verdictOf(
  { action }: NormalRule,
  { logGroup, accept, prefix }: { logGroup: number; accept: string; prefix: string },
): string {
  switch (action) {
    case 'allow':
      return `counter ${accept}`;
    case 'deny':
      return denyWith(logGroup, prefix);
    case 'pass':
      return 'counter return';
    case 'log':
      return `counter log group ${logGroup} prefix "${prefix}"`;
  }
}

/** Never `reject`: that would look like a port where nobody listens. */
export const denyWith = (logGroup: number, prefix: string): string =>
  `counter log group ${logGroup} prefix "${prefix}" drop`;

/** nft cuts comments at 128 bytes; longer names are replaced by a short one that `comments` resolves. */
function commentFor(ref: RuleRef): string {
  const id = policyId({ namespace: ref.namespace, name: ref.policy });
  const tail = `${ref.direction}:${ref.rule}`;
  const kind = KINDS[ref.kind];
  const full = `${kind}:${id}:${tail}`;
  // The names come from outside: nothing but these characters may enter an nft script.
  if (full.length <= 120 && /^[\w./:-]+$/.test(full)) return full;
  return `${kind}:#${nameFor(JSON.stringify([ref.namespace, ref.policy]))}:${tail}`;
}

const KINDS: Readonly<Record<RuleRef['kind'], string>> = {
  NetworkPolicy: 'np',
  CalicoNetworkPolicy: 'calico-np',
  GlobalNetworkPolicy: 'calico-gnp',
  ClusterNetworkPolicy: 'cnp',
  AdminNetworkPolicy: 'anp',
  BaselineAdminNetworkPolicy: 'banp',
  Profile: 'profile',
};

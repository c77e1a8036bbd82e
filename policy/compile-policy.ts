/** Turns the rules of one policy into nftables rules. Knows nothing of pods: sets are named by meaning. */
import { compileCriteria, nameFor, type SetMeaning } from './compile-criteria.js';
import type { RuleRef } from './model.js';
import type { Direction, NormalPolicy } from './normal-form.js';

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

const chains = new WeakMap<NormalPolicy, Map<string, PolicyChain | undefined>>();

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
    return compileCriteria(rule.when, { families: target.families, sets }).map((match) =>
      [match, 'counter accept', `comment "${comment}"`].filter((part) => part !== '').join(' '),
    );
  });
  if (rules.length === 0) return undefined;
  const name = `np-${target.direction}-${nameFor(rules.join('\n'))}`;
  return { name, rules, sets, comments };
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

import { nameFor } from './compile-criteria.js';
import { compilePolicy, type CompileTarget, type PolicyChain } from './compile-policy.js';
import type { Denial } from './node-rules.js';
import { policyId, type Direction, type NormalPolicy } from './normal-form.js';

/** What pods with the same policies in a direction share. */
export interface PodChain {
  name: string;
  rules: readonly string[];
  chains: readonly PolicyChain[];
  /** The log prefix of its implicit deny. */
  prefix: string;
  denial: Denial;
}

/**
 * Jumps to what each policy allows, then denies. Remembered with the first of its policies: policies are
 * not changed in place, and a cluster has few combinations of them.
 */
export function compilePodChain(
  policies: readonly NormalPolicy[],
  target: CompileTarget & { logGroup: number },
): PodChain {
  const [first] = policies;
  if (first === undefined) throw new Error('A pod without policies needs no chain.');
  const memo = remembered.get(first) ?? new Map<string, PodChain>();
  remembered.set(first, memo);
  const numbers = policies.map(numberOf).join();
  const key = `${target.direction} ${target.families.join()} ${target.logGroup} ${numbers}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const chain = build(policies, target);
  if (memo.size >= MAX_REMEMBERED) memo.clear();
  memo.set(key, chain);
  return chain;
}

function build(
  policies: readonly NormalPolicy[],
  target: CompileTarget & { logGroup: number },
): PodChain {
  const { direction, logGroup } = target;
  const ids = policies.map(policyId);
  const chains = policies.flatMap((policy) => compilePolicy(policy, target) ?? []);
  const prefix = denialPrefix(direction, ids);
  const rules = [
    ...chains.map((chain) => `jump ${chain.name}`),
    `counter log group ${logGroup} prefix "${prefix}" drop comment "${prefix}"`,
  ];
  return {
    name: `pod-${direction}-${nameFor(rules.join('\n'))}`,
    rules,
    chains,
    prefix,
    denial: { direction, policies: ids },
  };
}

/** The same policies give the same prefix on every node and after every restart. */
const denialPrefix = (direction: Direction, policies: readonly string[]): string =>
  `gh:deny:${direction}:${nameFor(JSON.stringify(policies))}`;

const MAX_REMEMBERED = 1000;
const remembered = new WeakMap<NormalPolicy, Map<string, PodChain>>();
const numbers = new WeakMap<NormalPolicy, number>();
let nextNumber = 0;

function numberOf(policy: NormalPolicy): number {
  const known = numbers.get(policy);
  if (known !== undefined) return known;
  nextNumber += 1;
  numbers.set(policy, nextNumber);
  return nextNumber;
}

import { nameFor, type SetMeaning } from './compile-criteria.js';
import {
  compilePolicy,
  denyWith,
  keyOf,
  type CompiledPolicy,
  type CompileTarget,
  type References,
} from './compile-policy.js';
import type { RuleRef } from './model.js';
import type { Denial } from './node-rules.js';
import { policyId, type NormalPolicy } from './normal-form.js';
import { PolicyRun, type RunChains } from './policy-run.js';
import type { AppliedTier } from './world-index.js';

/** Chains that endpoints with the same policies in a direction share. */
export interface CompiledTiers extends References {
  /** The rules of the outermost chain. */
  rules: readonly string[];
  /** Chains it jumps to, by name: those of policies, of several of them and, for all tiers but the last, of tiers. */
  policyChains: ReadonlyMap<string, readonly string[]>;
  portChains: ReadonlyMap<string, readonly string[]>;
  groupChains: ReadonlyMap<string, readonly string[]>;
  tierChains: ReadonlyMap<string, readonly string[]>;
}

/**
 * Each tier in order. `return` in a tier's rules leaves the tier, and in the last one leaves it to whatever
 * follows the chain. Remembered with the first policy: policies are not changed in place, and a cluster has
 * few combinations of them.
 */
export function compileTiers(tiers: readonly AppliedTier[], target: CompileTarget): CompiledTiers {
  const ofList = byList.get(tiers) ?? new Map<string, CompiledTiers>();
  byList.set(tiers, ofList);
  const how = keyOf(target);
  const compiled = ofList.get(how) ?? compileAnyList(tiers, target);
  ofList.set(how, compiled);
  return compiled;
}

/** The same policies in another list, as every change of the world makes one. */
function compileAnyList(tiers: readonly AppliedTier[], target: CompileTarget): CompiledTiers {
  const first = tiers[0]?.policies[0];
  if (first === undefined) return build(tiers, target);
  const memo = byFirstPolicy.get(first) ?? new Map<string, CompiledTiers>();
  byFirstPolicy.set(first, memo);
  const key = `${keyOf(target)} ${tiers.map(numbersOf).join(' ')}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const compiled = build(tiers, target);
  if (memo.size >= MAX_REMEMBERED) memo.clear();
  memo.set(key, compiled);
  return compiled;
}

function build(tiers: readonly AppliedTier[], target: CompileTarget): CompiledTiers {
  const tierChains = new Map<string, readonly string[]>();
  const draft: Draft = {
    policyChains: new Map(),
    portChains: new Map(),
    groupChains: new Map(),
    sets: new Map(),
    comments: new Map(),
    denials: new Map(),
    logs: new Map(),
  };
  const rules: string[] = [];
  for (const [i, tier] of tiers.entries()) {
    const own = tierRules(tier, { draft, target });
    if (i === tiers.length - 1) {
      rules.push(...own);
    } else {
      const name = `tier-${target.direction}-${nameFor(own.join('\n'))}`;
      tierChains.set(name, own);
      rules.push(`jump ${name}`);
    }
  }
  return { ...draft, tierChains, rules };
}

interface Draft extends RunChains {
  sets: Map<string, SetMeaning>;
  comments: Map<string, RuleRef>;
  denials: Map<string, Denial>;
  logs: Map<string, RuleRef>;
}

function tierRules(
  { tier, policies }: AppliedTier,
  { draft, target }: { draft: Draft; target: CompileTarget },
): readonly string[] {
  const run = new PolicyRun(draft, { direction: target.direction, mode: tier.mode });
  for (const policy of policies) {
    const compiled = compilePolicy(policy, target);
    if (compiled === undefined) continue;
    addReferences(draft, compiled);
    if (compiled.leavesTier) run.addRules(compiled.rules);
    else run.addPolicy(compiled);
  }
  const rules = run.rules();
  if (tier.defaultAction === 'pass') return rules;
  const denial: Denial = {
    direction: target.direction,
    policies: policies.map(policyId),
    tier: tier.name,
  };
  // The same policies give the same prefix on every node and after every restart.
  const id = nameFor(
    JSON.stringify([tier.name, policies.map(({ kind }) => kind), denial.policies]),
  );
  const prefix = `gh:deny:${target.direction}:${id}`;
  draft.denials.set(prefix, denial);
  return [...rules, `${denyWith(target.logGroup, prefix)} comment "${prefix}"`];
}

function addReferences(draft: Draft, from: CompiledPolicy): void {
  for (const [name, meaning] of from.sets) draft.sets.set(name, meaning);
  for (const [comment, ref] of from.comments) draft.comments.set(comment, ref);
  for (const [prefix, denial] of from.denials) draft.denials.set(prefix, denial);
  for (const [prefix, ref] of from.logs) draft.logs.set(prefix, ref);
}

const MAX_REMEMBERED = 1000;
const byList = new WeakMap<readonly AppliedTier[], Map<string, CompiledTiers>>();
const byFirstPolicy = new WeakMap<NormalPolicy, Map<string, CompiledTiers>>();
const numbers = new WeakMap<NormalPolicy, number>();
let nextNumber = 0;

const numbersOf = ({ tier, policies }: AppliedTier): string =>
  `${tier.name}=${tier.defaultAction}:${policies.map(numberOf).join()}`;

function numberOf(policy: NormalPolicy): number {
  const known = numbers.get(policy);
  if (known !== undefined) return known;
  nextNumber += 1;
  numbers.set(policy, nextNumber);
  return nextNumber;
}

import type { Criterion, Direction, NormalPolicy, NormalRule, Tier } from '../normal-form.js';
import type { Circuit } from './circuit.js';
import { FALSE, TRUE, type Literal } from './sat-solver.js';

export interface TierContext {
  circuit: Circuit;
  direction: Direction;
  /** Literals one of which must be true for a criterion to hold. */
  ask: (criterion: Criterion) => readonly Literal[];
  /** Whether a policy counts at the end that is asked. */
  selects: (policy: NormalPolicy) => Literal;
  /** What comes out where no tier decides. */
  next: Literal;
}

/** Whether tiers let the unknown flow pass one of its ends. */
export function encodeTiers(tiers: readonly Tier[], context: TierContext): Literal {
  let result = context.next;
  for (const tier of tiers.toReversed()) {
    result = encodeTier(tier, { ...context, next: result });
  }
  return result;
}

function encodeTier(tier: Tier, { selects, ...context }: TierContext): Literal {
  const { circuit, direction, next } = context;
  const applies: Literal[] = [];
  const rules: EncodedRule[] = [];
  for (const policy of tier.policies) {
    const own = policy[direction];
    if (own === undefined) continue;
    const selected = selects(policy);
    if (selected === FALSE) continue;
    applies.push(selected);
    rules.push(...own.flatMap((rule) => encodeRule(rule, { ...context, selected })));
  }
  const otherwise = tier.defaultAction === 'pass' ? next : FALSE;
  const result = firstOf(rules, { circuit, next, otherwise });
  return circuit.choose(circuit.any(applies), { yes: result, no: next });
}

export interface EncodedRule {
  action: 'allow' | 'deny' | 'pass';
  matches: Literal;
}

export function encodeRule(
  { action, when }: NormalRule,
  { circuit, ask, selected }: Pick<TierContext, 'circuit' | 'ask'> & { selected: Literal },
): EncodedRule[] {
  // Written to a log, and on to the next rule.
  if (action === 'log') return [];
  return boxesOf(when.map(ask), circuit).map((box) => ({
    action,
    matches: circuit.all([selected, ...box]),
  }));
}

/** What the first rule that matches says. */
export function firstOf(
  rules: readonly EncodedRule[],
  { circuit, next, otherwise }: { circuit: Circuit; next: Literal; otherwise: Literal },
): Literal {
  const outcome = { allow: TRUE, deny: FALSE, pass: next };
  let result = otherwise;
  let run: Literal[] = [];
  for (const [i, { action, matches }] of [...rules.entries()].toReversed()) {
    run.push(matches);
    if (rules[i - 1]?.action === action) continue;
    // Rules in a row that do the same are one: their order means nothing.
    result = circuit.choose(circuit.any(run), { yes: outcome[action], no: result });
    run = [];
  }
  return result;
}

/**
 * One peer and one port each, so that a rule split in two gives the same literals as the whole. Long lists
 * stay together.
 */
function boxesOf(criteria: readonly (readonly Literal[])[], circuit: Circuit): Literal[][] {
  let boxes: Literal[][] = [[]];
  for (const alternatives of criteria) {
    const apart = boxes.length * alternatives.length <= MAX_BOXES;
    const parts = apart ? alternatives : [circuit.any(alternatives)];
    boxes = boxes.flatMap((box) => parts.map((part) => [...box, part]));
  }
  return boxes;
}

const MAX_BOXES = 64;

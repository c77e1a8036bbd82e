import { DIRECTIONS, type Direction, type NormalPolicies, type Tier } from '../normal-form.js';
import type { Circuit } from './circuit.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';
import type { Universe } from './universe.js';

/** Whether policies let the unknown flow pass. */
export interface Verdict extends Readonly<Record<Direction, Literal>> {
  allowed: Literal;
}

export function encodePolicies(
  { tiers }: NormalPolicies,
  { circuit, universe }: { circuit: Circuit; universe: Universe },
): Verdict {
  const [egress, ingress] = DIRECTIONS.map((direction) => {
    const subject = universe.ends[direction === 'egress' ? 'source' : 'destination'];
    // The profile that each pod has of its namespace allows everything.
    let result = TRUE;
    for (const tier of tiers.toReversed()) {
      result = encodeTier(tier, { circuit, universe, direction, next: result });
    }
    return circuit.any([negate(subject.isPod), result]);
  });
  if (egress === undefined || ingress === undefined) throw new Error('There are two directions.');
  return { egress, ingress, allowed: circuit.all([egress, ingress]) };
}

interface TierContext {
  circuit: Circuit;
  universe: Universe;
  direction: Direction;
  /** What comes out where this tier does not decide. */
  next: Literal;
}

function encodeTier(tier: Tier, { circuit, universe, direction, next }: TierContext): Literal {
  const subject = universe.ends[direction === 'egress' ? 'source' : 'destination'];
  const applies: Literal[] = [];
  const rules: { action: 'allow' | 'deny' | 'pass'; matches: Literal }[] = [];
  for (const policy of tier.policies) {
    const own = policy[direction];
    if (own === undefined || policy.stage !== 'filter') continue;
    const selected = subject.isEndpoint(policy.subject);
    applies.push(selected);
    for (const { action, when } of own) {
      // Written to a log, and on to the next rule.
      if (action === 'log') continue;
      for (const box of boxesOf(
        when.map((criterion) => universe.alternatives(criterion)),
        circuit,
      )) {
        rules.push({ action, matches: circuit.all([selected, ...box]) });
      }
    }
  }
  const outcome = { allow: TRUE, deny: FALSE, pass: next };
  let result = outcome[tier.defaultAction];
  let run: Literal[] = [];
  for (const [i, { action, matches }] of [...rules.entries()].toReversed()) {
    run.push(matches);
    if (rules[i - 1]?.action === action) continue;
    // Rules in a row that do the same are one: their order means nothing.
    result = circuit.choose(circuit.any(run), { yes: outcome[action], no: result });
    run = [];
  }
  return circuit.choose(circuit.any(applies), { yes: result, no: next });
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

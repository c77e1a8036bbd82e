import type { DirectionDecision } from './model.js';
import { policyId, type Direction } from './normal-form.js';
import type { Walk } from './walk-tiers.js';
import type { AppliedTier } from './world-index.js';

/** What a walk means for an endpoint whose profile allows what no tier decided: every pod has one that does. */
export function toDecision(
  walk: Walk,
  { direction, tiers }: { direction: Direction; tiers: readonly AppliedTier[] },
): DirectionDecision {
  const { verdict, tier, deniedBy } = walk;
  return {
    direction,
    allowed: verdict !== 'deny',
    isolated: true,
    decidedBy:
      verdict === undefined
        ? 'profile'
        : walk.allowedBy.length > 0 || deniedBy !== undefined
          ? 'rule'
          : 'tier',
    ...(tier === undefined ? {} : { tier: tier.tier.name }),
    allowedBy: walk.allowedBy,
    ...(deniedBy === undefined ? {} : { deniedBy }),
    isolatedBy:
      deniedBy !== undefined
        ? [policyId({ namespace: deniedBy.namespace, name: deniedBy.policy })]
        : idsOf(verdict === 'deny' && tier !== undefined ? [tier] : tiers),
    loggedBy: walk.loggedBy,
    considered: walk.considered,
  };
}

export const openDecision = (direction: Direction): DirectionDecision => ({
  direction,
  allowed: true,
  isolated: false,
  decidedBy: 'open',
  allowedBy: [],
  isolatedBy: [],
  loggedBy: [],
  considered: [],
});

export const idsOf = (tiers: readonly AppliedTier[]): string[] =>
  tiers.flatMap(({ policies }) => policies.map(policyId));

import { matchRule, type RuleView } from './match-rule.js';
import type { ConsideredRule, RuleRef } from './model.js';
import type { Direction, NormalPolicy, NormalRule } from './normal-form.js';
import type { AppliedTier } from './world-index.js';

/** Where a walk through tiers ended. */
export interface Walk {
  /** Undefined where every tier passed it on. */
  verdict: 'allow' | 'deny' | undefined;
  /** What ended it; undefined where nothing did. */
  tier: AppliedTier | undefined;
  allowedBy: readonly RuleRef[];
  deniedBy: RuleRef | undefined;
  loggedBy: readonly RuleRef[];
  considered: readonly ConsideredRule[];
}

/** Asks the policies of each tier in order until one decides. */
export function walkTiers(
  tiers: readonly AppliedTier[],
  direction: Direction,
  view: RuleView,
): Walk {
  const considered: ConsideredRule[] = [];
  const end = (parts: Partial<Walk>): Walk => ({
    verdict: undefined,
    tier: undefined,
    allowedBy: [],
    deniedBy: undefined,
    loggedBy: considered.flatMap(({ rule, action, matched }) =>
      matched && action === 'log' ? [rule] : [],
    ),
    considered,
    ...parts,
  });
  for (const tier of tiers) {
    const own = considerTier(tier, direction, view);
    considered.push(...own);
    const decisive = own.find(({ matched, action }) => matched && action !== 'log');
    if (decisive?.action === 'allow') {
      const allowedBy = own.flatMap(({ rule, matched }) => (matched ? [rule] : []));
      return end({
        verdict: 'allow',
        tier,
        allowedBy: tier.tier.mode === 'union' ? allowedBy : [decisive.rule],
      });
    }
    if (decisive?.action === 'deny') return end({ verdict: 'deny', tier, deniedBy: decisive.rule });
    if (decisive === undefined && tier.tier.defaultAction === 'deny') {
      return end({ verdict: 'deny', tier });
    }
  }
  return end({});
}

/** Every rule where order means nothing, else those up to the one that decides. */
function considerTier(
  { tier, policies }: AppliedTier,
  direction: Direction,
  view: RuleView,
): ConsideredRule[] {
  const considered: ConsideredRule[] = [];
  for (const policy of policies) {
    for (const rule of policy[direction] ?? []) {
      const one = considerRule(rule, { policy, direction, view });
      considered.push(one);
      if (tier.mode === 'ordered' && one.matched && one.action !== 'log') return considered;
    }
  }
  return considered;
}

function considerRule(
  rule: NormalRule,
  { policy, direction, view }: { policy: NormalPolicy; direction: Direction; view: RuleView },
): ConsideredRule {
  const match = matchRule(rule, view);
  return {
    rule: refOf(policy, direction, rule.index),
    action: rule.action,
    matched: match.peerMatched && match.portMatched,
    ...match,
  };
}

export const refOf = (
  { kind, namespace, name }: NormalPolicy,
  direction: Direction,
  rule: number,
): RuleRef => ({ kind, namespace, policy: name, direction, rule });

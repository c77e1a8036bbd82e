import { describeEndpoints } from './describe-endpoints.js';
import type { Direction, NormalPolicy, NormalRule } from './normal-form.js';
import { readPolicy } from './read-policies.js';
import { describeCriterion } from './words.js';

export interface PolicyExplanation {
  /** Whom it is for, then one sentence per direction. */
  sentences: string[];
  /** What could not be understood; each such part allows nothing. */
  problems: readonly string[];
}

/** What one policy of any kind says, in words. */
export function explainPolicy(policy: unknown): PolicyExplanation {
  const parsed = readPolicy(policy);
  if (parsed === undefined) {
    return { sentences: [], problems: ['metadata: has no namespace and name'] };
  }
  return {
    sentences: [
      `Applies to ${describeEndpoints(parsed.subject)}.`,
      ...placeOf(parsed),
      explainDirection(parsed, 'ingress'),
      explainDirection(parsed, 'egress'),
    ],
    problems: parsed.problems,
  };
}

/** Where it stands among others, for kinds that have an order. */
function placeOf({ kind, tier, order }: NormalPolicy): string[] {
  if (kind === 'NetworkPolicy') return [];
  const asked = Number.isFinite(order)
    ? `with order ${order}, lower first`
    : 'last, as it has no order';
  return [`Stands in tier ${tier} ${asked}.`];
}

function explainDirection(policy: NormalPolicy, direction: Direction): string {
  const rules = policy[direction];
  const title = direction === 'ingress' ? 'Ingress' : 'Egress';
  const [way, verb] = direction === 'ingress' ? ['from', 'come in'] : ['to', 'go out'];
  if (rules === undefined) return `${title}: not touched by this policy.`;
  if (policy.kind !== 'NetworkPolicy') return explainOrdered(rules, { title, direction, policy });
  if (rules.length === 0) return `${title}: nothing may ${verb}.`;
  const parts = rules.map((rule) => describeRule(rule, way));
  return `${title}: only what is listed may ${verb}: ${parts.join('; and ')}.`;
}

function explainOrdered(
  rules: readonly NormalRule[],
  context: { title: string; direction: Direction; policy: NormalPolicy },
): string {
  const { title, direction, policy } = context;
  const isClusterWide = /Cluster|Admin/.test(policy.kind);
  const end = isClusterWide
    ? 'what matches none is left to others'
    : 'what matches no rule of its tier meets the end of the tier, which denies unless told otherwise';
  const parts = rules.map(({ action, when, index }) => {
    const words = describeRule({ action, when, index }, direction === 'ingress' ? 'from' : 'to');
    return `${action} ${words}`;
  });
  return `${title}: ${parts.length === 0 ? 'no rules' : parts.join('; then ')}; ${end}.`;
}

function describeRule({ when }: NormalRule, way: string): string {
  const own = way === 'from' ? 'destination' : 'source';
  const words = (about: readonly string[]): string =>
    when
      .filter((criterion) => about.includes(criterion.about))
      .map(describeCriterion)
      .join(' and ');
  const far = words([way === 'from' ? 'source' : 'destination']) || 'anywhere';
  // Calico can name the selected end once more.
  const near = words([own]);
  const packets = words(['packet']) || 'every port and protocol';
  return `${packets} ${way} ${far}${near === '' ? '' : ` (${own}: ${near})`}`;
}

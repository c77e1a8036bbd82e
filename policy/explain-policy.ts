import type { NormalPolicy, NormalRule } from './normal-form.js';
import { parseNetworkPolicy } from './parse-network-policy.js';
import { describeEndpoints } from './describe-endpoints.js';
import { describeCriterion } from './words.js';

export interface PolicyExplanation {
  /** Whom it is for, then one sentence per direction. */
  sentences: string[];
  /** What could not be understood; each such part allows nothing. */
  problems: readonly string[];
}

/** What one NetworkPolicy says, in words. */
export function explainPolicy(policy: unknown): PolicyExplanation {
  const parsed = parseNetworkPolicy(policy);
  if (parsed === undefined) {
    return { sentences: [], problems: ['metadata: has no namespace and name'] };
  }
  return {
    sentences: [
      `Applies to ${describeEndpoints(parsed.subject)}.`,
      explainDirection(parsed, 'ingress'),
      explainDirection(parsed, 'egress'),
    ],
    problems: parsed.problems,
  };
}

function explainDirection(policy: NormalPolicy, direction: 'ingress' | 'egress'): string {
  const rules = policy[direction];
  const title = direction === 'ingress' ? 'Ingress' : 'Egress';
  const [way, verb] = direction === 'ingress' ? ['from', 'come in'] : ['to', 'go out'];
  if (rules === undefined) return `${title}: not touched by this policy.`;
  if (rules.length === 0) return `${title}: nothing may ${verb}.`;
  const parts = rules.map((rule) => describeRule(rule, way));
  return `${title}: only what is listed may ${verb}: ${parts.join('; and ')}.`;
}

function describeRule({ when }: NormalRule, way: string): string {
  const words = (isPacket: boolean): string =>
    when
      .filter(({ about }) => (about === 'packet') === isPacket)
      .map(describeCriterion)
      .join(' and ');
  return `${words(true) || 'every port and protocol'} ${way} ${words(false) || 'anywhere'}`;
}

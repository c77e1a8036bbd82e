import { isFinished, type ResolvedEnd } from './flow-end.js';
import type { Decision, DirectionDecision, Flow, RuleRef } from './model.js';
import { joined, ordinal } from './words.js';

/** One sentence on why a flow passes or not: what decides comes first. */
export function explainDecision(
  decision: Omit<Decision, 'explanation'>,
  { flow, from, to }: { flow: Flow; from: ResolvedEnd; to: ResolvedEnd },
): string {
  const finished = [from, to].find(({ pod }) => isFinished(pod));
  if (finished !== undefined) {
    return `Not possible: ${finished.words} has finished and owns no address any more.`;
  }
  if (!decision.egress.allowed || !decision.ingress.allowed) {
    return explainDenial(decision, { flow, from, to });
  }
  const { egress, ingress } = decision;
  if (egress.exempt === 'itself' || ingress.exempt === 'itself') {
    return `Allowed: ${to.words} talks to itself, which no policy can prevent.`;
  }
  const parts = [
    ...explainAllowed(egress, { subject: from, other: to }),
    ...explainAllowed(ingress, { subject: to, other: from }),
  ];
  if (parts.length === 0) {
    return `Allowed: no policy isolates ${from.words} for egress or ${to.words} for ingress.`;
  }
  return `Allowed: ${joined(parts, 'and')}.`;
}

function explainAllowed(
  decision: DirectionDecision,
  { subject, other }: { subject: ResolvedEnd; other: ResolvedEnd },
): string[] {
  if (decision.exempt === 'own-node') {
    return [
      `${other.words} is where ${subject.words} runs, and a pod and its own node always reach each other`,
    ];
  }
  if (!decision.isolated) return [];
  const [first, ...more] = decision.allowedBy;
  if (first === undefined) return [];
  const others =
    more.length === 0 ? '' : more.length === 1 ? ' (and one more)' : ` (and ${more.length} more)`;
  return [`the ${describeRule(first)}${others} admits it`];
}

function explainDenial(
  { egress, ingress }: Omit<Decision, 'explanation'>,
  { flow, from, to }: { flow: Flow; from: ResolvedEnd; to: ResolvedEnd },
): string {
  const asked = `${flow.protocol} ${flow.port}`;
  const first = egress.allowed
    ? denialOf(ingress, { subject: to, asked })
    : denialOf(egress, { subject: from, asked });
  const both = !egress.allowed && !ingress.allowed;
  const more = both
    ? ` Ingress of ${to.words} would deny it as well (${joined(ingress.isolatedBy, 'and')}).`
    : '';
  return `Denied: ${first}.${more}`;
}

/** Says what is missing: any rule at all, the right peer, or the right port. */
function denialOf(
  { direction, isolatedBy, considered }: DirectionDecision,
  { subject, asked }: { subject: ResolvedEnd; asked: string },
): string {
  const [end, many] = [direction === 'ingress' ? 'source' : 'destination', isolatedBy.length > 1];
  const who = many
    ? `policies ${joined(isolatedBy, 'and')} select`
    : `policy ${isolatedBy.join()} selects`;
  const start = `${who} ${subject.words} for ${direction}`;
  const their = many ? 'their' : 'its';
  if (considered.length === 0) return `${start} and ${many ? 'have' : 'has'} no ${direction} rules`;
  const close = considered.find(({ peerMatched }) => peerMatched);
  if (close === undefined) return `${start} and none of ${their} rules allows this ${end}`;
  return `${start} and none of ${their} rules allows ${asked}: the ${describeRule(close.rule)} is for this ${end}, but not for this port`;
}

function describeRule({ namespace, policy, direction, rule }: RuleRef): string {
  return `${ordinal(rule)} ${direction} rule of ${namespace}/${policy}`;
}

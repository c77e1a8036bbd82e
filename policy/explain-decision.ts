import { isFinished, type ResolvedEnd } from './flow-end.js';
import { askedWords } from './match-rule.js';
import type { Decision, DirectionDecision, Flow, RuleRef } from './model.js';
import { policyId } from './normal-form.js';
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
  const { egress, ingress, passing } = decision;
  const sides: Side[] = [
    { ...egress, subject: egress.host ?? from.words, other: to.words },
    ...passing.map((one) => ({ ...one, subject: one.host ?? '', other: from.words })),
    { ...ingress, subject: ingress.host ?? to.words, other: from.words },
  ];
  const denials = sides.filter(({ allowed }) => !allowed);
  if (denials.length > 0) return explainDenial(denials, askedWords(flow));
  if (egress.exempt === 'itself' || ingress.exempt === 'itself') {
    return `Allowed: ${to.words} talks to itself, which no policy can prevent.`;
  }
  const parts = sides.flatMap(explainAllowed);
  if (parts.length === 0) {
    return `Allowed: no policy isolates ${from.words} for egress or ${to.words} for ingress.`;
  }
  return `Allowed: ${joined(parts, 'and')}.`;
}

/** A decision with what it is about in words. */
type Side = DirectionDecision & { subject: string; other: string };

function explainAllowed({ subject, other, ...decision }: Side): string[] {
  if (decision.exempt === 'own-node') {
    return [
      `${other} is where ${subject} runs, and a pod and its own node always reach each other`,
    ];
  }
  if (decision.exempt === 'failsafe') {
    return [`this port always stays open at ${subject}`];
  }
  if (!decision.isolated) return [];
  const [first, ...more] = decision.allowedBy;
  if (first === undefined) {
    return [
      `the policies that select ${subject} for ${decision.direction} (${joined(decision.isolatedBy, 'and')}) leave it to what comes after them, which lets it through`,
    ];
  }
  const others =
    more.length === 0 ? '' : more.length === 1 ? ' (and one more)' : ` (and ${more.length} more)`;
  return [`the ${describeRule(first)}${others} admits it`];
}

function explainDenial([first, ...more]: readonly Side[], asked: string): string {
  const start = first === undefined ? '' : denialOf(first, asked);
  const [second] = more;
  if (second === undefined) return `Denied: ${start}.`;
  const who = joined(second.isolatedBy, 'and');
  return `Denied: ${start}. ${second.direction === 'ingress' ? 'Ingress' : 'Egress'} of ${second.subject} would deny it as well${who === '' ? '' : ` (${who})`}.`;
}

/** Says what is missing: any rule at all, the right peer, or the right port. */
function denialOf(side: Side, asked: string): string {
  const { direction, subject, deniedBy, isolatedBy, considered, tier } = side;
  if (deniedBy !== undefined) {
    return `the ${describeRule(deniedBy)} forbids it for ${subject}`;
  }
  if (tier === undefined) return `${subject} lets nothing pass that no policy allows`;
  const [end, many] = [direction === 'ingress' ? 'source' : 'destination', isolatedBy.length > 1];
  const who = many
    ? `policies ${joined(isolatedBy, 'and')} select`
    : `policy ${isolatedBy.join()} selects`;
  const where = tier === 'default' ? '' : ` in tier ${tier}`;
  const start = `${who} ${subject} for ${direction}${where}`;
  const their = many ? 'their' : 'its';
  const own = considered.filter(({ rule }) => isolatedBy.includes(nameOf(rule)));
  if (own.length === 0) return `${start} and ${many ? 'have' : 'has'} no ${direction} rules`;
  const close = own.find(({ action, peerMatched }) => action === 'allow' && peerMatched);
  if (close === undefined) return `${start} and none of ${their} rules allows this ${end}`;
  return `${start} and none of ${their} rules allows ${asked}: the ${describeRule(close.rule)} is for this ${end}, but not for this port`;
}

const nameOf = ({ namespace, policy }: RuleRef): string => policyId({ namespace, name: policy });

/** `first ingress rule of prod/web`; kinds that a name alone would not tell are named. */
function describeRule(ref: RuleRef): string {
  const kind = ref.kind === 'NetworkPolicy' ? '' : `${KINDS[ref.kind]} `;
  return `${ordinal(ref.rule)} ${ref.direction} rule of ${kind}${nameOf(ref)}`;
}

const KINDS: Readonly<Record<Exclude<RuleRef['kind'], 'NetworkPolicy'>, string>> = {
  CalicoNetworkPolicy: 'Calico NetworkPolicy',
  GlobalNetworkPolicy: 'GlobalNetworkPolicy',
  ClusterNetworkPolicy: 'ClusterNetworkPolicy',
  AdminNetworkPolicy: 'AdminNetworkPolicy',
  BaselineAdminNetworkPolicy: 'BaselineAdminNetworkPolicy',
  Profile: 'profile',
};

import { explainDecision } from './explain-decision.js';
import { connectedAddresses, isFinished, resolveEnd, type ResolvedEnd } from './flow-end.js';
import { matchRule, type RuleView } from './match-rule.js';
import type { ConsideredRule, Decision, DirectionDecision, Flow, World } from './model.js';
import { policyId, type Direction, type NormalPolicy } from './normal-form.js';
import { indexWorld, type WorldIndex } from './world-index.js';

/**
 * Whether the policies of a world let a new connection through, and which rules say so. A connection needs
 * the egress side of its source and the ingress side of its destination. Throws where the flow names a pod
 * that the world does not hold.
 */
export function decide(world: World, flow: Flow): Decision {
  const index = indexWorld(world);
  const from = resolveEnd(index, flow.from);
  const to = resolveEnd(index, flow.to);
  const addresses = connectedAddresses(from, to);
  const view = {
    flow,
    source: from,
    destination: to,
    addresses: { source: addresses.from, destination: addresses.to },
  };
  const egress = decideDirection(index, {
    direction: 'egress',
    subject: from,
    other: to,
    view,
  });
  const ingress = decideDirection(index, {
    direction: 'ingress',
    subject: to,
    other: from,
    view,
  });
  const finished = [from, to].find(({ pod }) => isFinished(pod));
  const parts = {
    allowed: egress.allowed && ingress.allowed && finished === undefined,
    egress,
    ingress,
    ...(finished === undefined ? {} : { undeliverable: true }),
  };
  return { ...parts, explanation: explainDecision(parts, { flow, from, to }) };
}

interface Question {
  direction: Direction;
  subject: ResolvedEnd;
  other: ResolvedEnd;
  view: RuleView;
}

function decideDirection(index: WorldIndex, question: Question): DirectionDecision {
  const { direction, subject, other, view } = question;
  const policies =
    subject.selectable === undefined ? [] : index.isolating(subject.selectable, direction);
  const decision = {
    direction,
    isolated: policies.length > 0,
    isolatedBy: policies.map(policyId),
    allowedBy: [],
    considered: [],
  };
  if (policies.length === 0) return { ...decision, allowed: true };
  const exempt = exemption(subject, other);
  if (exempt !== undefined) return { ...decision, allowed: true, exempt };
  const considered = policies.flatMap((policy) => considerPolicy(policy, direction, view));
  const allowedBy = considered.filter(({ matched }) => matched).map(({ rule }) => rule);
  return { ...decision, allowed: allowedBy.length > 0, allowedBy, considered };
}

function exemption(subject: ResolvedEnd, other: ResolvedEnd): 'itself' | 'own-node' | undefined {
  if (subject.selectable === undefined) return undefined;
  if (other.selectable === subject.selectable) return 'itself';
  // Traffic between a pod and its own node passes whatever policies say; other nodes are plain addresses.
  return other.node === subject.selectable.pod.node ? 'own-node' : undefined;
}

function considerPolicy(
  policy: NormalPolicy,
  direction: Direction,
  view: RuleView,
): ConsideredRule[] {
  return (policy[direction] ?? []).map((rule) => {
    const match = matchRule(rule, view);
    return {
      rule: {
        namespace: policy.namespace,
        policy: policy.name,
        direction,
        rule: rule.index,
      },
      matched: match.peerMatched && match.portMatched,
      ...match,
    };
  });
}

import { decideHost, isOn, passages } from './decide-host.js';
import { idsOf, openDecision, toDecision } from './direction-decision.js';
import { explainDecision } from './explain-decision.js';
import { connectedAddresses, isFinished, resolveEnd, type ResolvedEnd } from './flow-end.js';
import type { RuleView } from './match-rule.js';
import type { Decision, DirectionDecision, Flow, World } from './model.js';
import type { Direction } from './normal-form.js';
import { walkTiers } from './walk-tiers.js';
import { indexWorld, type WorldIndex } from './world-index.js';

/**
 * Whether the policies of a world let a new connection through, and which rules say so. A connection needs
 * the egress side of its source and the ingress side of its destination, and every host endpoint on its way.
 * Throws where the flow names a pod that the world does not hold.
 */
export function decide(world: World, flow: Flow): Decision {
  const index = indexWorld(world);
  const from = resolveEnd(index, flow.from);
  const to = resolveEnd(index, flow.to);
  const addresses = connectedAddresses(from, to);
  const view = {
    flow,
    services: index.services,
    source: from,
    destination: to,
    addresses: { source: addresses.from, destination: addresses.to },
  };
  const ask = (direction: Direction): DirectionDecision =>
    decideEnd(index, {
      direction,
      subject: direction === 'egress' ? from : to,
      other: direction === 'egress' ? to : from,
      view,
    });
  const [egress, ingress] = [ask('egress'), ask('ingress')];
  const passing = passages(from, to).flatMap((passage) => decideHost(index, passage, view) ?? []);
  const finished = [from, to].find(({ pod }) => isFinished(pod));
  const all = [egress, ...passing, ingress];
  const parts = {
    allowed: all.every(({ allowed }) => allowed) && finished === undefined,
    egress,
    ingress,
    passing,
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

function decideEnd(index: WorldIndex, question: Question): DirectionDecision {
  const { direction, subject, other, view } = question;
  const { node } = subject;
  if (node !== undefined) {
    const decision = isOn(node, other)
      ? undefined
      : decideHost(index, { node, direction, type: 'local' }, view);
    return decision ?? openDecision(direction);
  }
  const tiers =
    subject.selectable === undefined ? [] : index.tiersFor(subject.selectable, direction);
  if (tiers.length === 0) return openDecision(direction);
  const exempt = exemption(subject, other);
  if (exempt !== undefined) {
    return { ...openDecision(direction), isolated: true, isolatedBy: idsOf(tiers), exempt };
  }
  return toDecision(walkTiers(tiers, direction, view), { direction, tiers });
}

function exemption(subject: ResolvedEnd, other: ResolvedEnd): 'itself' | 'own-node' | undefined {
  if (subject.selectable === undefined) return undefined;
  if (other.selectable === subject.selectable) return 'itself';
  // Traffic between a pod and its own node passes whatever policies say; other nodes are plain addresses.
  return other.node === subject.selectable.node ? 'own-node' : undefined;
}

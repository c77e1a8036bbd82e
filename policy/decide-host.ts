import { openDecision, toDecision } from './direction-decision.js';
import { isFailsafe } from './failsafe.js';
import { resolveEnd, type ResolvedEnd } from './flow-end.js';
import { having, openEnded, profilesOf } from './host-policies.js';
import { matchRule, type RuleView } from './match-rule.js';
import type { DirectionDecision } from './model.js';
import { farSide, type Direction, type Profile } from './normal-form.js';
import { PROTOCOL } from './protocols.js';
import { walkTiers } from './walk-tiers.js';
import type { AppliedTier, WorldIndex } from './world-index.js';

/** Where a packet crosses the interface of a node: on its way to the node itself, or through it. */
export interface HostPassage {
  node: string;
  direction: Direction;
  type: 'local' | 'forward';
}

/** Nodes that a packet between pods is forwarded through; traffic that stays on one node passes no interface. */
export function passages(from: ResolvedEnd, to: ResolvedEnd): HostPassage[] {
  const [source, target] = [from.selectable?.node, to.selectable?.node];
  return [
    ...(source === undefined || isOn(source, to)
      ? []
      : [{ node: source, direction: 'egress', type: 'forward' } as const]),
    ...(target === undefined || isOn(target, from)
      ? []
      : [{ node: target, direction: 'ingress', type: 'forward' } as const]),
  ];
}

export const isOn = (node: string, end: ResolvedEnd): boolean =>
  end.node === node || end.selectable?.node === node;

/** What the host endpoint of a node says; undefined where there is none or it has no say. */
export function decideHost(
  index: WorldIndex,
  { node, direction, type }: HostPassage,
  view: RuleView,
): DirectionDecision | undefined {
  const endpoint = index.hostOf(node);
  if (endpoint === undefined) return undefined;
  const host = endpoint.words;
  const tiers = index.tiersFor(endpoint, direction);
  const { port, protocol } = view.flow;
  const failsafe = isFailsafe(index.failsafeOf(node)[direction], {
    protocol: PROTOCOL[protocol],
    port,
    far: view.addresses[farSide(direction)],
  });
  if (failsafe && type === 'local') {
    return { ...openDecision(direction), isolated: true, exempt: 'failsafe', host };
  }
  // A forwarded packet is judged early on its way in only.
  if (!failsafe && (type === 'local' || direction === 'ingress')) {
    const early = decideEarly(index, { tiers, direction, view });
    if (early !== undefined) return { ...early, host };
  }
  const own = having(
    tiers,
    ({ stage, onForward }) => stage === 'filter' && (type === 'local' || onForward),
  );
  if (type === 'forward' && own.length === 0) return undefined;
  const walk = walkTiers(own, direction, view);
  const decision = { ...toDecision(walk, { direction, tiers: own }), host };
  if (walk.verdict !== undefined || type === 'forward') return decision;
  return { ...decision, ...decideProfiles(profilesOf(index, endpoint), direction, view) };
}

/** Policies before the ordinary ones: what they do not match goes on, and what they allow is through. */
function decideEarly(
  index: WorldIndex,
  {
    tiers,
    direction,
    view,
  }: { tiers: readonly AppliedTier[]; direction: Direction; view: RuleView },
): DirectionDecision | undefined {
  for (const stage of ['untracked', 'pre-dnat'] as const) {
    const own = openEnded(having(tiers, (policy) => policy.stage === stage));
    const walk = walkTiers(own, direction, beforeServices(index, view));
    if (walk.verdict !== undefined) return toDecision(walk, { direction, tiers: own });
  }
  return undefined;
}

/** Both come before Services are translated: they see the address that was dialled. */
function beforeServices(index: WorldIndex, view: RuleView): RuleView {
  const { dialled } = view.flow;
  if (dialled === undefined) return view;
  const destination = resolveEnd(index, { type: 'address', address: dialled.address });
  return {
    ...view,
    flow: { ...view.flow, port: dialled.port },
    destination,
    addresses: { ...view.addresses, destination: destination.addresses[0] },
  };
}

function decideProfiles(
  profiles: readonly Profile[],
  direction: Direction,
  view: RuleView,
): Pick<DirectionDecision, 'allowed' | 'decidedBy' | 'allowedBy' | 'deniedBy'> {
  for (const profile of profiles) {
    for (const rule of profile[direction]) {
      const { peerMatched, portMatched } = matchRule(rule, view);
      if (!peerMatched || !portMatched || rule.action === 'log') continue;
      const ref = {
        kind: 'Profile',
        namespace: '',
        policy: profile.name,
        direction,
        rule: rule.index,
      } as const;
      return rule.action === 'deny'
        ? { allowed: false, decidedBy: 'profile', allowedBy: [], deniedBy: ref }
        : { allowed: true, decidedBy: 'profile', allowedBy: [ref] };
    }
  }
  return { allowed: false, decidedBy: 'profile', allowedBy: [] };
}

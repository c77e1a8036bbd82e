/** The chains of a host endpoint: what the node's own interface lets in, out and through. */
import { nameFor } from './compile-criteria.js';
import { compileRules, denyWith, type CompileTarget } from './compile-policy.js';
import { compileTiers, type CompiledTiers } from './compile-tiers.js';
import { having, openEnded, profilesOf } from './host-policies.js';
import { formatRange } from './address-range.js';
import type { FailsafePort } from './failsafe.js';
import type { HostMap } from './node-rules.js';
import type { Direction, NormalPolicy } from './normal-form.js';
import { protocolWord } from './protocols.js';
import type { IndexedEndpoint } from './endpoints.js';
import type { AppliedTier, WorldIndex } from './world-index.js';

/** Set on packets that an early policy let through: the ordinary ones are then not asked. */
export const PASSED_EARLY = '0x10000';

export interface CompiledHost extends CompiledTiers {
  map: HostMap;
}

export function compileHost(
  index: WorldIndex,
  endpoint: IndexedEndpoint,
  target: Omit<CompileTarget, 'direction' | 'accept'>,
): CompiledHost[] {
  const failsafe = index.failsafeOf(endpoint.node);
  const tiers = (direction: Direction, isWanted: (policy: NormalPolicy) => boolean) =>
    having(index.tiersFor(endpoint, direction), isWanted);
  const early = (map: HostMap, direction: Direction, stage: 'untracked' | 'pre-dnat') => {
    const own = openEnded(tiers(direction, (policy) => policy.stage === stage));
    if (own.length === 0) return [];
    const accept = `${stage === 'untracked' ? 'notrack ' : ''}meta mark set meta mark or ${PASSED_EARLY} accept`;
    const compiled = compileTiers(own, { ...target, direction, accept });
    const open = [
      ...rulesFor(failsafe[direction], { direction, verdict: 'return' }),
      // Nobody knows replies before connections are tracked: those of failsafe ports are told by the port they come from.
      ...(stage === 'untracked'
        ? rulesFor(failsafe[opposite(direction)], { direction, verdict: 'return', isReply: true })
        : []),
    ];
    return [{ ...compiled, map, rules: [...open, ...compiled.rules] }];
  };
  const forward = (map: HostMap, direction: Direction) => {
    const own = tiers(direction, ({ stage, onForward }) => stage === 'filter' && onForward);
    if (own.length === 0) return [];
    return [{ ...compileTiers(own, { ...target, direction, accept: 'accept' }), map }];
  };
  return [
    ...early('untracked-in', 'ingress', 'untracked'),
    ...early('untracked-out', 'egress', 'untracked'),
    ...early('pre-dnat', 'ingress', 'pre-dnat'),
    ...forward('forward-in', 'ingress'),
    ...forward('forward-out', 'egress'),
    ...(['ingress', 'egress'] as const).map((direction) =>
      local(index, {
        endpoint,
        target: { ...target, direction, accept: 'accept' },
        tiers: tiers(direction, ({ stage }) => stage === 'filter'),
      }),
    ),
  ];
}

/** To and from the node itself: failsafe ports, tiers, profiles, and else nothing. */
function local(
  index: WorldIndex,
  parts: { endpoint: IndexedEndpoint; target: CompileTarget; tiers: readonly AppliedTier[] },
): CompiledHost {
  const { endpoint, target, tiers } = parts;
  const { direction, logGroup } = target;
  const compiled = compileTiers(tiers, target);
  const profiles = profilesOf(index, endpoint).flatMap(
    (profile) =>
      compileRules(profile[direction], {
        ...target,
        refOf: (rule) => ({
          kind: 'Profile',
          namespace: '',
          policy: profile.name,
          direction,
          rule,
        }),
      }) ?? [],
  );
  const prefix = `gh:deny:${direction}:${nameFor(endpoint.words)}`;
  // The last tier may be left as well: what follows it stands behind a chain of its own.
  const lastName = `tier-${direction}-${nameFor(compiled.rules.join('\n'))}`;
  const last = compiled.rules.length === 0 ? [] : [`jump ${lastName}`];
  return {
    map: direction === 'ingress' ? 'host-in' : 'host-out',
    rules: [
      ...rulesFor(index.failsafeOf(endpoint.node)[direction], { direction, verdict: 'accept' }),
      ...last,
      ...profiles.flatMap(({ rules }) => rules),
      `${denyWith(logGroup, prefix)} comment "${prefix}"`,
    ],
    policyChains: compiled.policyChains,
    portChains: compiled.portChains,
    groupChains: compiled.groupChains,
    tierChains:
      last.length === 0
        ? compiled.tierChains
        : new Map([...compiled.tierChains, [lastName, compiled.rules]]),
    sets: new Map([...compiled.sets, ...profiles.flatMap(({ sets }) => [...sets])]),
    comments: new Map([...compiled.comments, ...profiles.flatMap((one) => [...one.comments])]),
    denials: new Map([
      ...compiled.denials,
      ...profiles.flatMap((one) => [...one.denials]),
      [prefix, { direction, policies: [] }],
    ]),
    logs: new Map([...compiled.logs, ...profiles.flatMap(({ logs }) => [...logs])]),
  };
}

const opposite = (direction: Direction): Direction =>
  direction === 'ingress' ? 'egress' : 'ingress';

function rulesFor(
  ports: readonly FailsafePort[],
  {
    direction,
    verdict,
    isReply = false,
  }: { direction: Direction; verdict: 'accept' | 'return'; isReply?: boolean },
): string[] {
  const far = direction === 'ingress' ? 'saddr' : 'daddr';
  return ports.map(({ protocol, port, net }) => {
    const from =
      net === undefined ? '' : `${net.family === 4 ? 'ip' : 'ip6'} ${far} ${formatRange(net)} `;
    return `${from}${protocolWord(protocol)} ${isReply ? 'sport' : 'dport'} ${port} ${verdict}`;
  });
}

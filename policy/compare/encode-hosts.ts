/** What host endpoints say about the unknown flow: `decide-host.ts` as formulas. */
import type { HostEndpoint } from '../calico/resources.js';
import { hostEndpoint } from '../endpoints.js';
import { matchesLabels } from '../label-predicate.js';
import { farSide, type Direction, type NormalPolicy, type Stage } from '../normal-form.js';
import { NODE_INTERFACE } from '../world-index.js';
import type { Circuit } from './circuit.js';
import type { ComparedSide } from './compared-side.js';
import { encodeRule, encodeTiers, firstOf, type TierContext } from './encode-tiers.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';
import type { FlowView, Universe } from './universe.js';

interface Context {
  circuit: Circuit;
  universe: Universe;
}

/** Whether the nodes at either end let it out and in, as themselves and as those who forward it. */
export function encodeHosts(
  side: ComparedSide,
  context: Context,
): Readonly<Record<Direction, Literal>> {
  const { circuit, universe } = context;
  const nodes = [...new Set(side.hosts.map(({ node }) => node))];
  const passes = (direction: Direction): Literal => {
    const far = farSide(direction);
    const [end, other] = [
      universe.ends[far === 'source' ? 'destination' : 'source'],
      universe.ends[far],
    ];
    return circuit.all(
      nodes.flatMap((node) => {
        // What stays on the node passes no interface.
        const crosses = circuit.all([end.node.is(node), negate(other.node.is(node))]);
        const asked = [
          { kind: end.isNode, type: 'local' },
          { kind: end.isPod, type: 'forward' },
        ] as const;
        return asked.map(({ kind, type }) =>
          circuit.any([
            negate(circuit.all([crosses, kind])),
            encodeNode(node, { ...context, side, direction, type }),
          ]),
        );
      }),
    );
  };
  return { egress: passes('egress'), ingress: passes('ingress') };
}

interface Passage extends Context {
  side: ComparedSide;
  direction: Direction;
  type: 'local' | 'forward';
}

/** A name of the interface counts most, then one of its addresses, then the endpoint of all interfaces. */
function encodeNode(node: string, passage: Passage): Literal {
  const { circuit, universe, side } = passage;
  const own = side.hosts.filter((host) => host.node === node);
  const named = own.find(({ interfaceName }) => interfaceName === NODE_INTERFACE);
  if (named !== undefined) return encodeHost(named, passage);
  const all = own.find(({ interfaceName }) => interfaceName === '*');
  let result = all === undefined ? TRUE : encodeHost(all, passage);
  for (const host of own.filter(({ interfaceName }) => interfaceName === '').toReversed()) {
    const guards = circuit.any(
      host.addresses.map((address) => universe.claims.owns(node, address)),
    );
    result = circuit.choose(guards, { yes: encodeHost(host, passage), no: result });
  }
  return result;
}

function encodeHost(host: HostEndpoint, passage: Passage): Literal {
  const { circuit, universe, side, direction, type } = passage;
  const { tiers, profiles } = side.policies;
  const { facts } = hostEndpoint(host, profiles);
  const view: FlowView = { ...universe.ends, hostPorts: side.hostPorts };
  const walk = (
    parts: Pick<TierContext, 'next'> & {
      view: FlowView;
      isWanted: (policy: NormalPolicy) => boolean;
    },
    ordered = tiers,
  ): Literal =>
    encodeTiers(ordered, {
      circuit,
      direction,
      ask: (criterion) => universe.alternatives(criterion, parts.view),
      selects: (policy) =>
        parts.isWanted(policy) && matchesLabels(policy.subject, facts) ? TRUE : FALSE,
      next: parts.next,
    });
  const ordinary = walk({
    view,
    isWanted: ({ stage, onForward }) => stage === 'filter' && (type === 'local' || onForward),
    next: type === 'forward' ? TRUE : encodeProfiles(host, passage),
  });
  const failsafe = encodeFailsafe(host.node, passage);
  // A forwarded packet is judged early on its way in only.
  if (type === 'forward' && direction === 'egress') return ordinary;
  // What early policies do not match goes on, and what they allow is through.
  const open = tiers.map((tier) => ({ ...tier, defaultAction: 'pass' as const }));
  const early = (seen: FlowView): Literal => {
    const at = (stage: Stage, next: Literal): Literal =>
      walk({ view: seen, isWanted: (policy) => policy.stage === stage, next }, open);
    return at('untracked', at('pre-dnat', ordinary));
  };
  const judged = circuit.choose(universe.isDialled, {
    yes: early({ ...view, destination: universe.dialled }),
    no: early(view),
  });
  return circuit.choose(failsafe, { yes: type === 'local' ? TRUE : ordinary, no: judged });
}

/** The end of a node's own traffic: what no profile allows does not pass. */
function encodeProfiles(
  { profiles }: HostEndpoint,
  { circuit, universe, side, direction }: Passage,
): Literal {
  const view: FlowView = { ...universe.ends, hostPorts: side.hostPorts };
  const rules = profiles
    .flatMap((name) => side.policies.profiles.filter((profile) => profile.name === name))
    .flatMap((profile) => profile[direction])
    // A profile has nothing to leave to others.
    .map((rule) => (rule.action === 'pass' ? { ...rule, action: 'allow' as const } : rule))
    .flatMap((rule) =>
      encodeRule(rule, {
        circuit,
        ask: (criterion) => universe.alternatives(criterion, view),
        selected: TRUE,
      }),
    );
  return firstOf(rules, { circuit, next: FALSE, otherwise: FALSE });
}

function encodeFailsafe(node: string, { circuit, universe, side, direction }: Passage): Literal {
  const ports = side.failsafeOf(node)[direction];
  const far = universe.ends[farSide(direction)];
  return circuit.any(
    ports.map(({ protocol, port, net }) =>
      circuit.all([
        universe.protocol.is(protocol),
        universe.ends.destination.port.isWithin({ first: BigInt(port), last: BigInt(port) }),
        ...(net === undefined
          ? []
          : [universe.isFamily(net.family), far.address[net.family].isWithin(net)]),
      ]),
    ),
  );
}

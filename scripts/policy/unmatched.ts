/** Where a policy speaks of somebody or something that is not there. */
import type { JsonObject } from '../../common/json.js';
import { nearestNames } from '../../common/nearest.js';
import { matchesLabels, type LabelPredicate } from '../../policy/label-predicate.js';
import { listAt, type Path } from '../../policy/misread/repair.js';
import type {
  Criterion,
  Direction,
  NormalPolicy,
  NormalRule,
  PacketMatch,
} from '../../policy/normal-form.js';
import { protocolName } from '../../policy/protocols.js';
import type { IndexedEndpoint } from '../../policy/endpoints.js';
import type { KnownWorld } from './known-world.js';
import { sentenceOf, whyNobody } from './nobody.js';

export interface Unmatched {
  path: Path;
  id: 'selects-nothing' | 'peer-matches-nothing' | 'port-name-unknown';
  message: string;
  hint?: string;
}

/** Nothing where no pod is known: then nobody can tell. */
export function findUnmatched(
  object: JsonObject,
  policy: NormalPolicy,
  known: KnownWorld,
): Unmatched[] {
  if (known.endpoints.length === 0) return [];
  const rules = (['ingress', 'egress'] as const).flatMap((direction) =>
    (policy[direction] ?? []).map((rule): RuleAt => ({ object, policy, direction, rule })),
  );
  return [
    ...unmatchedSubject(policy, known),
    ...rules.flatMap((at) => [...unmatchedPeers(at, known), ...unknownPortNames(at, known)]),
  ];
}

interface RuleAt {
  object: JsonObject;
  policy: NormalPolicy;
  direction: Direction;
  rule: NormalRule;
}

function unmatchedSubject({ subject }: NormalPolicy, known: KnownWorld): Unmatched[] {
  if (known.endpoints.some(({ facts }) => matchesLabels(subject, facts))) return [];
  const nobody = whyNobody(subject, known);
  const why = nobody === undefined ? '' : `: ${sentenceOf(nobody)}`;
  return [
    {
      path: ['spec'],
      id: 'selects-nothing',
      message: `it selects none of the pods that are known, so it has no effect${why}`,
      ...(nobody?.hint === undefined ? {} : { hint: nobody.hint }),
    },
  ];
}

type EndCriterion = Criterion & { about: 'source' | 'destination' };
const isAboutEnd = (criterion: Criterion): criterion is EndCriterion =>
  criterion.about !== 'packet';

function unmatchedPeers(at: RuleAt, known: KnownWorld): Unmatched[] {
  return at.rule.when.filter(isAboutEnd).flatMap((criterion) =>
    criterion.anyOf.flatMap((end, i): Unmatched[] => {
      const nobody = end.type === 'endpoint' ? whyNobody(end.where, known) : undefined;
      if (nobody === undefined) return [];
      return [
        {
          path: peerPath(at, criterion, i),
          id: 'peer-matches-nothing',
          message: `nobody who is known is meant here: ${sentenceOf(nobody)}`,
          ...(nobody.hint === undefined ? {} : { hint: nobody.hint }),
        },
      ];
    }),
  );
}

function peerPath(at: RuleAt, criterion: EndCriterion, i: number): Path {
  const rulePath = ['spec', at.direction, at.rule.index];
  if (isCalico(at.policy)) return [...rulePath, criterion.about];
  const path = [...rulePath, at.direction === 'ingress' ? 'from' : 'to'];
  return listAt(at.object, path).length === criterion.anyOf.length ? [...path, i] : path;
}

const isCalico = ({ kind }: NormalPolicy): boolean =>
  kind === 'CalicoNetworkPolicy' || kind === 'GlobalNetworkPolicy';

type NamedPort = PacketMatch & { type: 'named-port' };

function unknownPortNames(at: RuleAt, known: KnownWorld): Unmatched[] {
  const named = at.rule.when.flatMap((criterion) =>
    criterion.about === 'packet' && !criterion.not
      ? criterion.anyOf.filter((match) => match.type === 'named-port')
      : [],
  );
  const targets = targetsOf(at, known);
  if (targets.length === 0) return [];
  const names = new Map<string, NamedPort[]>();
  // A name without a protocol is asked for each.
  for (const match of named) {
    if (match.side === 'destination')
      names.set(match.name, [...(names.get(match.name) ?? []), match]);
  }
  const ports = targets.flatMap((target) => target.ports);
  return [...names].flatMap(([name, matches]): Unmatched[] => {
    const isThere = ports.some(
      (port) => port.name === name && matches.some(({ protocol }) => protocol === port.protocol),
    );
    if (isThere) return [];
    const [hint] = nearestNames(
      name,
      ports.map((port) => port.name).filter((one) => one !== name),
      1,
    );
    return [
      {
        path: portPath(at, name),
        id: 'port-name-unknown',
        message: `no pod ${at.direction === 'ingress' ? 'that it selects' : 'it leads to'} has a port called "${name}"${otherwise(name, ports, hint)}`,
        ...(hint === undefined ? {} : { hint }),
      },
    ];
  });
}

function otherwise(
  name: string,
  ports: IndexedEndpoint['ports'],
  hint: string | undefined,
): string {
  const other = ports.find((port) => port.name === name);
  if (other !== undefined)
    return ` for this protocol: it is one of ${protocolName(other.protocol)}`;
  return hint === undefined ? '' : `; did you mean "${hint}"?`;
}

/** Those whose ports a rule speaks of. */
function targetsOf(at: RuleAt, known: KnownWorld): readonly IndexedEndpoint[] {
  const isAny = (places: readonly LabelPredicate[]): IndexedEndpoint[] =>
    known.endpoints.filter(
      ({ facts, pod }) => pod !== undefined && places.some((where) => matchesLabels(where, facts)),
    );
  if (at.direction === 'ingress') return isAny([at.policy.subject]);
  const ends = at.rule.when.filter(
    (criterion): criterion is EndCriterion => criterion.about === 'destination' && !criterion.not,
  );
  if (ends.length === 0) return known.endpoints.filter(({ pod }) => pod !== undefined);
  const places = ends.flatMap(({ anyOf }) =>
    anyOf.flatMap((end) => (end.type === 'endpoint' ? end.where : [])),
  );
  // Beside addresses the pods among them would have to be known.
  return ends.some(({ anyOf }) => anyOf.some((end) => end.type !== 'endpoint'))
    ? []
    : isAny(places);
}

function portPath({ object, policy, direction, rule }: RuleAt, name: string): Path {
  const path = ['spec', direction, rule.index];
  if (isCalico(policy)) return [...path, 'destination', 'ports'];
  const i = listAt(object, [...path, 'ports']).findIndex(({ port }) => port === name);
  return i === -1 ? path : [...path, 'ports', i];
}

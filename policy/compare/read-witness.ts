/** Makes names and numbers of a solution: a flow that can be told, drawn and sent. */
import { formatAddress } from '../address-range.js';
import { NAME } from '../label-predicate.js';
import type { Side } from '../normal-form.js';
import { PROTOCOL, protocolName, WITH_PORTS } from '../protocols.js';
import type { KnownNamespace } from './compared-side.js';
import type { Verdict } from './encode-policies.js';
import { similarValue } from './label-values.js';
import { pickAddress, pickPort, pickServiceAddress } from './ordinary.js';
import type { Literal, SatSolver } from './sat-solver.js';
import type { UnknownEnd } from './unknown-end.js';
import { ACCOUNT_NAME, NAMESPACE_NAME, type Universe } from './universe.js';
import { labelId, NAMESPACE_NAME_LABEL } from './vocabulary.js';
import type { Witness, WitnessEnd, WitnessNode, WitnessPod } from './witness.js';

export interface Solution {
  solver: SatSolver;
  universe: Universe;
  a: Verdict;
  b: Verdict;
  /** Their labels are told in full. */
  namespaces: readonly KnownNamespace[];
  addressMatters: Readonly<Record<Side, boolean>>;
}

export function readWitness(solution: Solution): Witness {
  const { solver, universe, a, b } = solution;
  const isTrue = (literal: Literal): boolean => solver.isTrue(literal);
  const { ends } = universe;
  const protocol = universe.protocol.chosen(isTrue) ?? PROTOCOL.TCP;
  const hasPorts = WITH_PORTS.some((number) => number === protocol);
  const portOf = (end: UnknownEnd): number => pickPort(end.port.chosen(isTrue));
  const denying = isTrue(a.allowed) ? b : a;
  const read = (side: Side): WitnessEnd => readEnd(side, { ...solution, isTrue });
  return {
    ...nameApart({ source: read('source'), destination: read('destination') }, ends.source),
    protocol: protocolName(protocol),
    port: hasPorts ? portOf(ends.destination) : undefined,
    ...(hasPorts && ends.source.port.starts.length > 1 ? { sourcePort: portOf(ends.source) } : {}),
    ...(protocol === PROTOCOL.ICMP || protocol === PROTOCOL.ICMPv6
      ? {
          icmp: {
            type: universe.icmpType.chosen(isTrue) ?? 0,
            code: universe.icmpCode.chosen(isTrue) ?? 0,
          },
        }
      : {}),
    ...readDialled(solution, isTrue),
    allowedBy: isTrue(a.allowed) ? 'a' : 'b',
    direction: isTrue(denying.egress) ? 'ingress' : 'egress',
  };
}

function readDialled(
  { universe }: Solution,
  isTrue: (literal: Literal) => boolean,
): Pick<Witness, 'dialled'> {
  const { dialled, isDialled, ends, isV4 } = universe;
  if (!isTrue(isDialled)) return {};
  const family = isTrue(isV4) ? 4 : 6;
  const isPod = (side: Side): boolean => isTrue(ends[side].isPod);
  const taken = (['source', 'destination'] as const)
    .filter(isPod)
    .map((side) =>
      pickAddress(ends[side].address[family].chosen(isTrue), { family, side, isPod: true }),
    );
  const value = pickServiceAddress(dialled.address[family].chosen(isTrue), { family, taken });
  return {
    dialled: {
      address: formatAddress({ family, value }),
      port: pickPort(dialled.port.chosen(isTrue)),
    },
  };
}

function readNode(
  end: UnknownEnd,
  { universe, isTrue }: Pick<Solution, 'universe'> & { isTrue: (literal: Literal) => boolean },
): WitnessNode | undefined {
  const name = end.node.chosen(isTrue);
  if (name === undefined) return undefined;
  return { name, addresses: universe.claims.ownedBy(name, isTrue).map(formatAddress) };
}

function readEnd(
  side: Side,
  context: Omit<Solution, 'solver'> & { isTrue: (literal: Literal) => boolean },
): WitnessEnd {
  const { isTrue, universe, namespaces } = context;
  const end = universe.ends[side];
  const family = isTrue(universe.isV4) ? 4 : 6;
  const isPod = isTrue(end.isPod);
  const scale = end.address[family];
  const value = pickAddress(scale.chosen(isTrue), { family, side, isPod });
  const behind = end.services
    .filter(({ holds }) => isTrue(holds))
    .map(({ namespace, name }) => `${namespace}/${name}`);
  const place = {
    address: formatAddress({ family, value }),
    ...(behind.length === 0 ? {} : { behind }),
  };
  const labelsOf = (scope: 'own' | 'namespace' | 'account'): Record<string, string> =>
    Object.fromEntries(
      [...end.labels.values()].flatMap(({ of, value: choice }) => {
        const chosen = choice.chosen(isTrue);
        const shown = of.scope === scope && of.key !== NAME && chosen !== undefined;
        return shown ? [[of.key, chosen] as const] : [];
      }),
    );
  const guarded = readNode(end, context);
  if (!isPod) {
    const node = isTrue(end.isNode) ? { node: { ...guarded, labels: labelsOf('own') } } : {};
    return { type: 'address', ...place, ...node };
  }
  const namespace = end.label(NAMESPACE_NAME)?.chosen(isTrue) ?? 'default';
  const account = end.label(ACCOUNT_NAME)?.chosen(isTrue);
  const known = namespaces.find(({ name }) => name === namespace);
  return {
    type: 'pod',
    labels: labelsOf('own'),
    namespace: {
      name: namespace,
      labels: { ...(known?.labels ?? labelsOf('namespace')), [NAMESPACE_NAME_LABEL]: namespace },
    },
    ...(account === undefined
      ? {}
      : { serviceAccount: { name: account, labels: labelsOf('account') } }),
    ...place,
    ...(guarded === undefined ? {} : { node: guarded }),
    addressMatters: context.addressMatters[side],
    ports: end.portNames
      .filter(({ holds }) => isTrue(holds))
      .map(({ name, protocol }) => ({
        name,
        port: pickPort(end.port.chosen(isTrue)),
        protocol: protocolName(protocol),
      })),
  };
}

/** One value stands for all names that nobody asks about: where two owners differ, they get two of them. */
function nameApart(
  { source, destination }: { source: WitnessEnd; destination: WitnessEnd },
  end: UnknownEnd,
): { source: WitnessEnd; destination: WitnessEnd } {
  if (source.type !== 'pod' || destination.type !== 'pod') return { source, destination };
  if (source.namespace.name !== destination.namespace.name) return { source, destination };
  if (!sameLabels(source.namespace.labels, destination.namespace.labels)) {
    return { source: inOtherNamespace(source, end), destination };
  }
  const [account, other] = [source.serviceAccount, destination.serviceAccount];
  const clash = account !== undefined && account.name === other?.name;
  if (!clash || sameLabels(account.labels, other.labels)) return { source, destination };
  // In a namespace that is named, an account that is named has one set of labels already.
  const isNamed = end.labels
    .get(labelId(NAMESPACE_NAME))
    ?.of.questions.equals.has(source.namespace.name);
  if (isNamed !== true) return { source: inOtherNamespace(source, end), destination };
  const name = otherName(account.name, { end, of: ACCOUNT_NAME });
  return { source: { ...source, serviceAccount: { ...account, name } }, destination };
}

function inOtherNamespace(pod: WitnessPod, end: UnknownEnd): WitnessPod {
  const name = otherName(pod.namespace.name, { end, of: NAMESPACE_NAME });
  return {
    ...pod,
    namespace: { name, labels: { ...pod.namespace.labels, [NAMESPACE_NAME_LABEL]: name } },
  };
}

function otherName(
  name: string,
  { end, of }: { end: UnknownEnd; of: typeof NAMESPACE_NAME | typeof ACCOUNT_NAME },
): string {
  const questions = end.labels.get(labelId(of))?.of.questions;
  return (questions === undefined ? undefined : similarValue(questions, name, 'name')) ?? name;
}

const sameLabels = (
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => Object.hasOwn(b, key) && b[key] === value);

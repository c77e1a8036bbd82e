/** Of all flows on which two sets of policies differ, the one that is said in the fewest words. */
import { NAME } from '../label-predicate.js';
import type { Side } from '../normal-form.js';
import { WITH_PORTS } from '../protocols.js';
import type { Choice } from './choice.js';
import type { Circuit } from './circuit.js';
import { ordinaryAddresses, ordinaryService, ORDINARY_PORTS } from './ordinary.js';
import { FALSE, negate, TRUE, type Literal, type SatSolver } from './sat-solver.js';
import type { Interval, Scale } from './scale.js';
import type { UnknownEnd } from './unknown-end.js';
import { NAMESPACE_NAME, type Universe } from './universe.js';

/**
 * Narrows a difference that has a solution, wish by wish, the most important first. The solver is left with
 * the solution that fulfils them. Tells of which ends another address would change something.
 */
export function narrowToSmallest(
  difference: Literal,
  { solver, circuit, universe }: { solver: SatSolver; circuit: Circuit; universe: Universe },
): { addressMatters: Readonly<Record<Side, boolean>> } {
  const narrowing = new Narrowing(solver, difference);
  const { source, destination } = universe.ends;
  const ends = [destination, source];
  for (const side of ['destination', 'source'] as const) {
    const { isPod } = universe.ends[side];
    const ordinary = (kind: Literal): Literal =>
      circuit.all([kind, isOrdinary(side, { circuit, universe, isPod: kind === isPod })]);
    // A pod, but none with the metadata service's address.
    narrowing.wishOneOf([ordinary(isPod), ordinary(negate(isPod)), negate(isPod), isPod]);
  }
  narrowing.wishOneOf(literalsOf(universe.protocol));
  narrowing.wish(universe.isV4);
  wishFewest(narrowing, circuit, [
    universe.isDialled,
    ...ends.flatMap((end) => burdensOf(end, circuit)),
  ]);
  narrowing.wish(universe.sameNamespace);
  for (const end of ends) {
    for (const label of [NAMESPACE_NAME, ...[...end.labels.values()].map(({ of }) => of)]) {
      const value = end.label(label);
      if (value !== undefined) narrowing.wishOneOf(literalsOf(value));
    }
  }
  const hasPorts = WITH_PORTS.some((protocol) => solver.isTrue(universe.protocol.is(protocol)));
  if (hasPorts) for (const end of ends) wishPort(narrowing, end.port);
  for (const side of ['destination', 'source'] as const) wishAddress(narrowing, universe, side);
  if (solver.isTrue(universe.isDialled)) {
    wishPort(narrowing, universe.dialled.port);
    const family = solver.isTrue(universe.isV4) ? 4 : 6;
    const scale = universe.dialled.address[family];
    const ordinary = scale.isWithin(scale.intervalOf(ordinaryService(family)));
    if (!narrowing.wish(ordinary)) wishLowest(narrowing, scale);
  }
  for (const choice of [universe.icmpType, universe.icmpCode]) {
    narrowing.wishOneOf(literalsOf(choice));
  }
  const others = {
    source: factsWithoutAddress('source', { solver, universe }),
    destination: factsWithoutAddress('destination', { solver, universe }),
  };
  // With the rarer family it is always worth a word.
  const isV6 = !solver.isTrue(universe.isV4);
  const addressMatters = {
    source: isV6 || solver.solve([negate(difference), ...others.source]),
    destination: isV6 || solver.solve([negate(difference), ...others.destination]),
  };
  narrowing.settle();
  return { addressMatters };
}

/** Everything that the solution says, but for one end's address. */
function factsWithoutAddress(
  side: Side,
  { solver, universe }: { solver: SatSolver; universe: Universe },
): Literal[] {
  const isTrue = (literal: Literal): boolean => solver.isTrue(literal);
  const { protocol, icmpType, icmpCode, isV4, ends, dialled } = universe;
  const family = isTrue(isV4) ? 4 : 6;
  const choices = [protocol, icmpType, icmpCode].flatMap((choice) => literalsOf(choice));
  const facts = Object.values(ends).flatMap((end) => [
    end.isPod,
    end.isNode,
    ...literalsOf(end.node),
    ...[...end.labels.values()].flatMap(({ value }) => literalsOf(value)),
    ...[...end.portNames, ...end.services].map(({ holds }) => holds),
  ]);
  const scales = [
    ends.source.port,
    ends.destination.port,
    dialled.port,
    dialled.address[family],
    ends[side === 'source' ? 'destination' : 'source'].address[family],
  ];
  return [
    ...[isV4, universe.isDialled, ...choices, ...universe.claims.literals, ...facts].map((fact) =>
      isTrue(fact) ? fact : negate(fact),
    ),
    ...scales.map((scale) => scale.isWithin(scale.chosen(isTrue))),
  ];
}

/** Between wishes the solver holds a solution with all that was granted. */
class Narrowing {
  readonly #solver: SatSolver;
  readonly #granted: Literal[];

  constructor(solver: SatSolver, difference: Literal) {
    this.#solver = solver;
    this.#granted = [difference];
    this.settle();
  }

  settle(): void {
    if (!this.#solver.solve(this.#granted)) throw new Error('What was granted cannot be.');
  }

  /** Grants it if it can be together with all that was granted before. */
  wish(literal: Literal): boolean {
    const possible =
      this.#solver.isTrue(literal) || this.#solver.solve([...this.#granted, literal]);
    if (possible) this.#granted.push(literal);
    return possible;
  }

  /** Grants the first that can be. */
  wishOneOf(literals: readonly Literal[]): void {
    literals.some((literal) => this.wish(literal));
  }

  isTrue(literal: Literal): boolean {
    return this.#solver.isTrue(literal);
  }
}

const literalsOf = <T>(choice: Choice<T>): Literal[] =>
  choice.options.map((option) => choice.is(option));

/** What makes a witness longer: a node instead of any address, labels that are there, names of ports, Services in front. */
function burdensOf(end: UnknownEnd, circuit: Circuit): Literal[] {
  const labels = [...end.labels.values()]
    .filter(({ of }) => of.key !== NAME)
    .map(({ value }) =>
      circuit.all([circuit.any([end.isPod, end.isNode]), negate(value.is(undefined))]),
    );
  return [
    end.isNode,
    negate(end.node.is(undefined)),
    ...labels,
    ...[...end.portNames, ...end.services].map(({ holds }) => holds),
  ];
}

function wishFewest(narrowing: Narrowing, circuit: Circuit, burdens: readonly Literal[]): void {
  const count = (): number => burdens.filter((burden) => narrowing.isTrue(burden)).length;
  const atLeast = countAtLeast(circuit, burdens, count());
  for (let least = count(); least > 0; least = count()) {
    if (!narrowing.wish(negate(atLeast[least] ?? FALSE))) break;
  }
  for (const burden of burdens) narrowing.wish(negate(burden));
}

/** Element n says that n or more of them are true. */
function countAtLeast(circuit: Circuit, literals: readonly Literal[], most: number): Literal[] {
  let counted: Literal[] = [TRUE, ...Array.from({ length: most }, () => FALSE)];
  for (const literal of literals) {
    counted = counted.map((reached, n) => {
      const one = circuit.all([counted[n - 1] ?? TRUE, literal]);
      return n === 0 ? TRUE : circuit.any([reached, one]);
    });
  }
  return counted;
}

function wishPort(narrowing: Narrowing, port: Scale): void {
  const ordinary = ORDINARY_PORTS.map((number) => port.isWithin(port.intervalOf(number)));
  if (!ordinary.some((literal) => narrowing.wish(literal))) wishLowest(narrowing, port);
}

function wishAddress(narrowing: Narrowing, universe: Universe, side: Side): void {
  const end = universe.ends[side];
  const family = narrowing.isTrue(universe.isV4) ? 4 : 6;
  const scale = end.address[family];
  const isTrue = (literal: Literal): boolean => narrowing.isTrue(literal);
  const node = isTrue(end.isNode) ? end.node.chosen(isTrue) : undefined;
  // A node at one of the addresses that it is known by.
  const known = node === undefined ? [] : universe.claims.ownedBy(node, isTrue);
  const ordinary = [
    ...known.filter((address) => address.family === family).map(({ value }) => value),
    ...ordinaryAddresses({ family, side, isPod: isTrue(end.isPod) }),
  ];
  const intervals: Interval[] = ordinary.map((address) => scale.intervalOf(address));
  if (!intervals.some((interval) => narrowing.wish(scale.isWithin(interval)))) {
    wishLowest(narrowing, scale);
  }
}

function isOrdinary(
  side: Side,
  { circuit, universe, isPod }: { circuit: Circuit; universe: Universe; isPod: boolean },
): Literal {
  const end = universe.ends[side];
  const ordinary = circuit.any(
    ([4, 6] as const).flatMap((family) => {
      const scale = end.address[family];
      return ordinaryAddresses({ family, side, isPod }).map((address) =>
        circuit.all([universe.isFamily(family), scale.isWithin(scale.intervalOf(address))]),
      );
    }),
  );
  if (isPod) return ordinary;
  // A node is where its host endpoints say, if they do.
  const known = universe.claims.all.map(({ node, address, owns }) =>
    circuit.all([owns, end.node.is(node), universe.isAt(end, address)]),
  );
  return circuit.any([ordinary, ...known]);
}

function wishLowest(narrowing: Narrowing, scale: Scale): void {
  // Below a boundary or not: halves what is left with each question.
  let [low, high] = [0, scale.starts.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = scale.starts[middle + 1] ?? 0n;
    if (narrowing.wish(negate(scale.reaches(start)))) high = middle;
    else low = middle + 1;
  }
}

import type { Circuit } from './circuit.js';
import { FALSE, negate, type Literal } from './sat-solver.js';

/** Exactly one of finitely many options, kept as a binary number. */
export class Choice<T> {
  readonly #circuit: Circuit;
  readonly #options: ReadonlyMap<T, Literal>;
  readonly #bits: readonly Literal[];

  constructor(circuit: Circuit, options: Iterable<T>) {
    this.#circuit = circuit;
    const distinct = [...new Set(options)];
    const width = Math.ceil(Math.log2(distinct.length));
    const bits = Array.from({ length: width }, () => circuit.variable());
    this.#bits = bits;
    this.#options = new Map(
      distinct.map((option, number) => [
        option,
        circuit.all(bits.map((bit, i) => (((number >> i) & 1) === 1 ? bit : negate(bit)))),
      ]),
    );
    circuit.require(this.#options.values());
  }

  /** Never true for what is not among the options. */
  is(option: T): Literal {
    return this.#options.get(option) ?? FALSE;
  }

  isOneWhere(holds: (option: T) => boolean): Literal {
    const literals = [...this.#options].flatMap(([option, is]) => (holds(option) ? [is] : []));
    return this.#circuit.any(literals);
  }

  /** For two choices among the same options. */
  equals(other: Choice<T>): Literal {
    return this.#circuit.all(
      this.#bits.map((bit, i) => this.#circuit.same(bit, other.#bits[i] ?? FALSE)),
    );
  }

  /** The option that a solution chose, and the others in the order they were given. */
  chosen(isTrue: (literal: Literal) => boolean): T | undefined {
    for (const [option, literal] of this.#options) if (isTrue(literal)) return option;
    return undefined;
  }

  get options(): readonly T[] {
    return [...this.#options.keys()];
  }
}

import type { Circuit } from './circuit.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';

/** Both ends belong to it. */
export interface Interval {
  first: bigint;
  last: bigint;
}

/**
 * A number somewhere between `first` and `last`, known only by the boundaries that matter: literal i says that
 * it is not below boundary i.
 */
export class Scale {
  readonly #circuit: Circuit;
  readonly #last: bigint;
  /** Where the intervals begin: `first`, then every boundary inside, ascending. */
  readonly starts: readonly bigint[];
  readonly #reaches: ReadonlyMap<bigint, Literal>;

  constructor(
    circuit: Circuit,
    { first, last, boundaries }: { first: bigint; last: bigint; boundaries: Iterable<bigint> },
  ) {
    this.#circuit = circuit;
    this.#last = last;
    const inside = [...new Set(boundaries)].filter((start) => first < start && start <= last);
    this.starts = [first, ...inside.toSorted((a, b) => (a < b ? -1 : 1))];
    const reaches = new Map<bigint, Literal>();
    let previous = TRUE;
    for (const start of this.starts) {
      const reached = start === first ? TRUE : circuit.variable();
      circuit.require([negate(reached), previous]);
      reaches.set(start, reached);
      previous = reached;
    }
    this.#reaches = reaches;
  }

  /** Both ends must be boundaries: `first` and the number after `last`. */
  isWithin({ first, last }: Interval): Literal {
    return this.#circuit.all([this.reaches(first), negate(this.reaches(last + 1n))]);
  }

  /** Whether it is at least this number, which must be a boundary or lie outside the scale. */
  reaches(start: bigint): Literal {
    if (start > this.#last) return FALSE;
    const [first = 0n] = this.starts;
    if (start <= first) return TRUE;
    const literal = this.#reaches.get(start);
    if (literal === undefined) throw new Error(`${start} is no boundary of the scale.`);
    return literal;
  }

  /** The interval between boundaries that a number lies in. */
  intervalOf(number: bigint): Interval {
    const i = Math.max(
      0,
      this.starts.findLastIndex((start) => start <= number),
    );
    return { first: this.starts[i] ?? number, last: (this.starts[i + 1] ?? this.#last + 1n) - 1n };
  }

  chosen(isTrue: (literal: Literal) => boolean): Interval {
    const start = this.starts.findLast((boundary) => isTrue(this.reaches(boundary)));
    return this.intervalOf(start ?? 0n);
  }
}

import { FALSE, negate, TRUE, type Literal, type SatSolver } from './sat-solver.js';

/** Builds formulas as clauses of a solver. Equal formulas get the same literal, so equal policies meet at once. */
export class Circuit {
  readonly #solver: SatSolver;
  readonly #gates = new Map<string, Literal>();

  constructor(solver: SatSolver) {
    this.#solver = solver;
  }

  variable(): Literal {
    return this.#solver.newVariable();
  }

  /** Demands that one of them holds, always. */
  require(alternatives: Iterable<Literal>): void {
    this.#solver.addClause([...alternatives]);
  }

  all(parts: readonly Literal[]): Literal {
    const distinct = new Set<Literal>();
    for (const part of parts) {
      if (part === FALSE || distinct.has(negate(part))) return FALSE;
      if (part !== TRUE) distinct.add(part);
    }
    const inputs = [...distinct].toSorted((a, b) => a - b);
    const [only = TRUE] = inputs;
    if (inputs.length <= 1) return only;
    const key = inputs.join();
    const known = this.#gates.get(key);
    if (known !== undefined) return known;
    const gate = this.variable();
    for (const input of inputs) this.#solver.addClause([negate(gate), input]);
    this.#solver.addClause([gate, ...inputs.map(negate)]);
    this.#gates.set(key, gate);
    return gate;
  }

  any(parts: readonly Literal[]): Literal {
    return negate(this.all(parts.map(negate)));
  }

  /** `condition ? yes : no` */
  choose(condition: Literal, { yes, no }: { yes: Literal; no: Literal }): Literal {
    if (yes === no) return yes;
    return this.any([this.all([condition, yes]), this.all([negate(condition), no])]);
  }

  same(a: Literal, b: Literal): Literal {
    return this.choose(a, { yes: b, no: negate(b) });
  }
}

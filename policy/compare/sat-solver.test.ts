import fc from 'fast-check';
import { FALSE, negate, SatSolver, TooHard, TRUE, type Literal } from './sat-solver.js';

const VARIABLES = 7;
const literal = fc.integer({ min: 0, max: 2 * VARIABLES - 1 });
const clauses = fc.array(fc.array(literal, { minLength: 1, maxLength: 3 }), { maxLength: 40 });

/** Literals of the tests count from 0; the solver's own variable 0 is the constant. */
const own = (written: Literal): Literal => written + 2;

function createSolver(): SatSolver {
  const solver = new SatSolver({ maxConflicts: 10_000 });
  for (let i = 0; i < VARIABLES; i += 1) solver.newVariable();
  return solver;
}

const holds = (clause: readonly number[], values: number): boolean =>
  clause.some((written) => ((values >> (written >> 1)) & 1) === (written & 1 ? 0 : 1));

function bruteForce(all: readonly (readonly number[])[]): boolean {
  for (let values = 0; values < 1 << VARIABLES; values += 1) {
    if (all.every((clause) => holds(clause, values))) return true;
  }
  return false;
}

test('answers as trying everything does, with assumptions and with clauses that come later', () => {
  const seen = { true: 0, false: 0 };
  fc.assert(
    fc.property(clauses, clauses, fc.array(literal, { maxLength: 3 }), (first, later, assumed) => {
      const solver = createSolver();
      for (const clause of first) solver.addClause(clause.map(own));
      expect(solver.solve()).toBe(bruteForce(first));
      const alone = assumed.map((written) => [written]);
      expect(solver.solve(assumed.map(own))).toBe(bruteForce([...first, ...alone]));
      for (const clause of later) solver.addClause(clause.map(own));
      const all = [...first, ...later];
      const answer = solver.solve(assumed.map(own));
      expect(answer).toBe(bruteForce([...all, ...alone]));
      seen[`${answer}`] += 1;
      if (answer) {
        for (const clause of [...all, ...alone]) {
          expect(clause.some((written) => solver.isTrue(own(written)))).toBe(true);
        }
      }
    }),
    { numRuns: 800 },
  );
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(50);
});

test('knows its constants', () => {
  const solver = createSolver();
  expect(solver.solve([TRUE])).toBe(true);
  expect(solver.solve([FALSE])).toBe(false);
  solver.addClause([FALSE]);
  expect(solver.solve()).toBe(false);
});

/** Pigeons and one hole less: known to be hard for this kind of solver. */
function pigeons(count: number, maxConflicts: number): SatSolver {
  const solver = new SatSolver({ maxConflicts });
  const sits = Array.from({ length: count }, () =>
    Array.from({ length: count - 1 }, () => solver.newVariable()),
  );
  for (const holes of sits) solver.addClause(holes);
  for (let hole = 0; hole < count - 1; hole += 1) {
    for (let a = 0; a < count; a += 1) {
      for (let b = a + 1; b < count; b += 1) {
        solver.addClause([negate(sits[a]![hole]!), negate(sits[b]![hole]!)]);
      }
    }
  }
  return solver;
}

test('proves that a thing cannot be, or says that it is too hard', () => {
  expect(pigeons(6, 10_000).solve()).toBe(false);
  expect(() => pigeons(10, 500).solve()).toThrow(TooHard);
});

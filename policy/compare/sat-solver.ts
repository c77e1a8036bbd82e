/**
 * A variable or its opposite: `2v` is variable v, `2v + 1` is not v. Variable 0 is always true, so literal 0
 * is the constant true and literal 1 the constant false.
 */
export type Literal = number;

export const TRUE: Literal = 0;
export const FALSE: Literal = 1;
export const negate = (literal: Literal): Literal => literal ^ 1;

/** Tells that a question needs more work than allowed; it says nothing of the answer. */
export class TooHard extends Error {
  override readonly name = 'TooHard';
}

interface Clause {
  /** The first two are watched. */
  literals: Literal[];
}

/**
 * Decides whether clauses (alternatives, all of which must hold) can be true together: conflict-driven clause
 * learning with two watched literals. Clauses may be added between questions; what was learnt stays.
 */
export class SatSolver {
  /** By literal: clauses to look at when it becomes false. */
  readonly #watches: Clause[][] = [[], []];
  /** By literal: 1 true, -1 false, 0 open. */
  readonly #values: number[] = [0, 0];
  readonly #levels: number[] = [0];
  readonly #reasons: (Clause | undefined)[] = [undefined];
  /** Last value of a variable, tried again first: 0 as the variable itself, 1 as its opposite. */
  readonly #phases: number[] = [0];
  readonly #queue = new ActivityQueue();
  readonly #trail: Literal[] = [];
  readonly #trailStarts: number[] = [];
  #head = 0;
  #contradiction = false;
  #model: number[] = [];
  #conflictsLeft: number;
  #seen: boolean[] = [false];

  /** @throws TooHard from `solve` once so many dead ends were met in all. */
  constructor(options: { maxConflicts: number }) {
    this.#conflictsLeft = options.maxConflicts;
    this.#queue.add(0);
    this.addClause([TRUE]);
  }

  newVariable(): Literal {
    const variable = this.#levels.length;
    this.#watches.push([], []);
    this.#values.push(0, 0);
    this.#levels.push(0);
    this.#reasons.push(undefined);
    this.#phases.push(1);
    this.#seen.push(false);
    this.#queue.add(variable);
    return 2 * variable;
  }

  addClause(literals: readonly Literal[]): void {
    this.#backtrack(0);
    const open: Literal[] = [];
    const distinct = new Set(literals);
    for (const literal of distinct) {
      if (this.#values[literal] === 1 || distinct.has(negate(literal))) return;
      if (this.#values[literal] === 0) open.push(literal);
    }
    const [only] = open;
    if (only === undefined) this.#contradiction = true;
    else if (open.length === 1) {
      this.#assign(only, undefined);
      if (this.#propagate() !== undefined) this.#contradiction = true;
    } else this.#watch({ literals: open });
  }

  /** Whether everything can hold together with the assumptions. After true, `isTrue` tells how. */
  solve(assumptions: readonly Literal[] = []): boolean {
    this.#backtrack(0);
    let untilRestart = RESTART_AFTER;
    for (;;) {
      if (this.#contradiction) return false;
      const conflict = this.#propagate();
      if (conflict !== undefined) {
        if (this.#trailStarts.length === 0) {
          this.#contradiction = true;
          return false;
        }
        this.#conflictsLeft -= 1;
        if (this.#conflictsLeft < 0) throw new TooHard('Too many dead ends.');
        this.#learn(conflict);
        untilRestart -= 1;
        continue;
      }
      if (untilRestart <= 0) {
        untilRestart = RESTART_AFTER;
        this.#backtrack(0);
        continue;
      }
      const next = this.#nextDecision(assumptions);
      if (next === 'refuted') return false;
      if (next === undefined) {
        this.#model = this.#values.slice();
        return true;
      }
      this.#trailStarts.push(this.#trail.length);
      if (next !== TRUE) this.#assign(next, undefined);
    }
  }

  /** In the solution that `solve` found last. */
  isTrue(literal: Literal): boolean {
    return this.#model[literal] === 1;
  }

  #nextDecision(assumptions: readonly Literal[]): Literal | 'refuted' | undefined {
    const depth = this.#trailStarts.length;
    const assumption = assumptions[depth];
    if (assumption !== undefined) {
      const value = this.#values[assumption];
      if (value === -1) return 'refuted';
      // A level of its own, so that levels and assumptions stay in step.
      return value === 1 ? TRUE : assumption;
    }
    for (;;) {
      const variable = this.#queue.takeMostActive();
      if (variable === undefined) return undefined;
      if (this.#values[2 * variable] === 0) return 2 * variable + (this.#phases[variable] ?? 1);
    }
  }

  #assign(literal: Literal, reason: Clause | undefined): void {
    const variable = literal >> 1;
    this.#values[literal] = 1;
    this.#values[literal ^ 1] = -1;
    this.#levels[variable] = this.#trailStarts.length;
    this.#reasons[variable] = reason;
    this.#phases[variable] = literal & 1;
    this.#trail.push(literal);
  }

  #watch(clause: Clause): void {
    for (const literal of clause.literals.slice(0, 2)) this.#watches[literal]?.push(clause);
  }

  /** Draws every consequence; gives back a clause that cannot hold any more. */
  #propagate(): Clause | undefined {
    const values = this.#values;
    while (this.#head < this.#trail.length) {
      const falsified = negate(this.#trail[this.#head] ?? TRUE);
      this.#head += 1;
      const watching = this.#watches[falsified] ?? [];
      let kept = 0;
      for (let i = 0; i < watching.length; i += 1) {
        const clause = watching[i];
        if (clause === undefined) break;
        const { literals } = clause;
        if (literals[0] === falsified) {
          literals[0] = literals[1] ?? FALSE;
          literals[1] = falsified;
        }
        const first = literals[0] ?? FALSE;
        if (values[first] === 1 || !this.#moveWatch(clause)) {
          watching[kept] = clause;
          kept += 1;
          if (values[first] === 1) continue;
          if (values[first] === -1) {
            for (let rest = i + 1; rest < watching.length; rest += 1, kept += 1) {
              watching[kept] = watching[rest] ?? clause;
            }
            watching.length = kept;
            return clause;
          }
          this.#assign(first, clause);
        }
      }
      watching.length = kept;
    }
    return undefined;
  }

  /** Watches another literal than the falsified second one; false where all others are false. */
  #moveWatch(clause: Clause): boolean {
    const { literals } = clause;
    for (let i = 2; i < literals.length; i += 1) {
      const candidate = literals[i] ?? FALSE;
      if (this.#values[candidate] === -1) continue;
      literals[i] = literals[1] ?? FALSE;
      literals[1] = candidate;
      this.#watches[candidate]?.push(clause);
      return true;
    }
    return false;
  }

  /** Learns why the conflict came to be, goes back to where that already tells something, and follows it. */
  #learn(conflict: Clause): void {
    const level = this.#trailStarts.length;
    const learnt: Literal[] = [TRUE];
    const seen = this.#seen;
    let reason: Clause | undefined = conflict;
    let open = 0;
    let position = this.#trail.length - 1;
    let literal: Literal = TRUE;
    do {
      for (const other of reason?.literals ?? []) {
        const variable = other >> 1;
        if (seen[variable] === true || this.#levels[variable] === 0) continue;
        if (reason !== conflict && other === literal) continue;
        seen[variable] = true;
        this.#queue.bump(variable);
        if (this.#levels[variable] === level) open += 1;
        else learnt.push(other);
      }
      while (seen[(this.#trail[position] ?? TRUE) >> 1] !== true) position -= 1;
      literal = this.#trail[position] ?? TRUE;
      position -= 1;
      reason = this.#reasons[literal >> 1];
      seen[literal >> 1] = false;
      open -= 1;
    } while (open > 0);
    learnt[0] = negate(literal);
    for (const other of learnt) seen[other >> 1] = false;
    this.#queue.decay();
    this.#follow(learnt);
  }

  #follow(learnt: Literal[]): void {
    let back = 0;
    for (let i = 1; i < learnt.length; i += 1) {
      const level = this.#levels[(learnt[i] ?? TRUE) >> 1] ?? 0;
      if (level <= back) continue;
      back = level;
      [learnt[1], learnt[i]] = [learnt[i] ?? TRUE, learnt[1] ?? TRUE];
    }
    this.#backtrack(back);
    const clause = { literals: learnt };
    if (learnt.length > 1) this.#watch(clause);
    this.#assign(learnt[0] ?? TRUE, learnt.length > 1 ? clause : undefined);
  }

  #backtrack(level: number): void {
    const start = this.#trailStarts[level];
    if (start === undefined) return;
    for (let i = this.#trail.length - 1; i >= start; i -= 1) {
      const literal = this.#trail[i] ?? TRUE;
      this.#values[literal] = 0;
      this.#values[literal ^ 1] = 0;
      this.#queue.add(literal >> 1);
    }
    this.#trail.length = start;
    this.#trailStarts.length = level;
    this.#head = start;
  }
}

const RESTART_AFTER = 128;

/** Variables by how often they took part in recent conflicts: a binary heap. */
class ActivityQueue {
  readonly #heap: number[] = [];
  /** By variable: its place in the heap, -1 outside. */
  readonly #places: number[] = [];
  readonly #activities: number[] = [];
  #step = 1;

  add(variable: number): void {
    this.#activities[variable] ??= 0;
    if ((this.#places[variable] ?? -1) >= 0) return;
    this.#heap.push(variable);
    this.#places[variable] = this.#heap.length - 1;
    this.#rise(this.#heap.length - 1);
  }

  takeMostActive(): number | undefined {
    const [top] = this.#heap;
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return undefined;
    this.#places[top] = -1;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#places[last] = 0;
      this.#sink(0);
    }
    return top;
  }

  bump(variable: number): void {
    const activity = (this.#activities[variable] ?? 0) + this.#step;
    this.#activities[variable] = activity;
    if (activity > 1e100) this.#rescale();
    const place = this.#places[variable] ?? -1;
    if (place >= 0) this.#rise(place);
  }

  decay(): void {
    this.#step /= 0.95;
  }

  #rescale(): void {
    for (let i = 0; i < this.#activities.length; i += 1) {
      this.#activities[i] = (this.#activities[i] ?? 0) * 1e-100;
    }
    this.#step *= 1e-100;
  }

  #activityAt(place: number): number {
    return this.#activities[this.#heap[place] ?? 0] ?? 0;
  }

  #rise(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#activityAt(parent) >= this.#activityAt(place)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child =
        right < this.#heap.length && this.#activityAt(right) > this.#activityAt(left)
          ? right
          : left;
      if (this.#activityAt(place) >= this.#activityAt(child)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a] ?? 0, this.#heap[b] ?? 0];
    this.#heap[a] = y;
    this.#heap[b] = x;
    this.#places[y] = a;
    this.#places[x] = b;
  }
}

const NEEDS = ['kind', 'kubernetes', 'commands', 'denials'] as const;
/** What a run waits for that nobody could spare it. */
export type Need = (typeof NEEDS)[number];

const WORDS: Readonly<Record<Need, string>> = {
  kind: 'kind itself',
  kubernetes: 'nodes, plugin and pods becoming ready',
  commands: "the learner's commands",
  denials: 'packets that nobody answers',
};

/** `docker`: a call that kind alone would not have needed; `probing`: scripts in a shell that such a call has left there. */
type Own = 'docker' | 'probing';

interface Span {
  need: Need | Own;
  from: number;
  to: number;
}

/**
 * Where the time of a provider's work went: what kind, Kubernetes and a denied packet take anyhow, and what remains is ours.
 * Spans may overlap; a moment counts once. Times in milliseconds of one clock.
 */
export class TimeAccount {
  readonly #spans: Span[] = [];
  /** The clock of its spans. */
  readonly now: () => number;
  #first: number | undefined;
  #last = 0;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Counts the time of a need from its begin to its end. */
  async track<T>(need: Need | Own, work: () => Promise<T>): Promise<T> {
    const from = this.now();
    try {
      return await work();
    } finally {
      this.add(need, { from, to: this.now() });
    }
  }

  /** Says that something is being done: the whole reaches from the first such moment to the last. */
  touch(): void {
    const now = this.now();
    this.#first ??= now;
    this.#last = Math.max(this.#last, now);
  }

  /** A need known only afterwards: `lastMs` up to now. */
  past(need: Need, lastMs: number): void {
    const to = this.now();
    this.add(need, { from: to - lastMs, to });
  }

  add(need: Span['need'], { from, to }: { from: number; to: number }): void {
    this.#first = Math.min(this.#first ?? from, from);
    this.#last = Math.max(this.#last, to);
    this.#spans.push({ need, from, to });
  }

  /**
   * `oursMs` is what no need covers; of it, `dockerMs` was spent in `dockerCalls` calls of docker and in shells that they left.
   */
  sum(): {
    totalMs: number;
    oursMs: number;
    dockerMs: number;
    dockerCalls: number;
    byNeed: Map<Need, number>;
  } {
    const totalMs = this.#first === undefined ? 0 : this.#last - this.#first;
    const byNeed = new Map(
      NEEDS.map((need) => [need, covered(this.#spans.filter((span) => span.need === need))]),
    );
    const needed = covered(
      this.#spans.filter(({ need }) => need !== 'docker' && need !== 'probing'),
    );
    return {
      totalMs,
      oursMs: totalMs - needed,
      dockerMs: covered(this.#spans) - needed,
      dockerCalls: this.#spans.filter(({ need }) => need === 'docker').length,
      byNeed,
    };
  }

  /** One line; empty where nothing was done. */
  toString(): string {
    const { totalMs, oursMs, dockerMs, dockerCalls, byNeed } = this.sum();
    if (totalMs === 0) return '';
    const needs = NEEDS.map((need) => `${WORDS[need]} ${seconds(byNeed.get(need) ?? 0)}`);
    const share = ((100 * oursMs) / totalMs).toFixed(0);
    return `${seconds(totalMs)} in all: ${needs.join(', ')}; the rest, ${seconds(oursMs)} (${share} %), is Gatehouse's own: ${dockerCalls} calls of docker and probing ${seconds(dockerMs)}, all else ${seconds(oursMs - dockerMs)}`;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** The length of the union of spans. */
function covered(spans: readonly Span[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return sum;
}

export interface ClockOptions {
  createdAt: number;
  lastActiveAt: number;
  idleMs: number;
  /** How long before the end the learner is warned. */
  warningMs: number;
  mostMs: number;
}

/** When a lab ends: after some time without a sign of its learner, and after its longest time in any case. */
export class Clock {
  readonly #options: ClockOptions;
  #lastActiveAt: number;

  constructor(options: ClockOptions) {
    this.#options = options;
    this.#lastActiveAt = options.lastActiveAt;
  }

  touch(): void {
    this.#lastActiveAt = Date.now();
  }

  get lastActiveAt(): number {
    return this.#lastActiveAt;
  }

  get endsAt(): number {
    return Math.min(this.#lastActiveAt + this.#options.idleMs, this.#latest);
  }

  /** Whether no sign of its learner can move the end any more. */
  get isFinal(): boolean {
    return this.endsAt === this.#latest;
  }

  get #latest(): number {
    return this.#options.createdAt + this.#options.mostMs;
  }

  state(now = Date.now()): 'running' | 'warning' | 'over' {
    if (now >= this.endsAt) return 'over';
    return now >= this.endsAt - this.#options.warningMs ? 'warning' : 'running';
  }
}

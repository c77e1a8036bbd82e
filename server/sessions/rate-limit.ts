import { GatehouseError } from '../../common/errors.js';

/** At most so many in any stretch of time, for each key. Says how long to wait. */
export class RateLimit {
  readonly #most: number;
  readonly #perMs: number;
  readonly #times = new Map<string, number[]>();

  constructor({ most, perMs }: { most: number; perMs: number }) {
    this.#most = most;
    this.#perMs = perMs;
  }

  /**
   * Counts one, and answers with what takes it back. Throws LIMIT_REACHED, with the moment of the next try, where there
   * were too many; those are not counted.
   */
  spend(key: string): () => void {
    const now = Date.now();
    const recent = (this.#times.get(key) ?? []).filter((time) => time > now - this.#perMs);
    const [oldest] = recent;
    if (recent.length >= this.#most && oldest !== undefined) {
      const retryAfterMs = oldest + this.#perMs - now;
      const seconds = Math.ceil(retryAfterMs / 1000);
      throw new GatehouseError('LIMIT_REACHED', 'that was a lot of tries in a short time', {
        fix: `Take a breath and try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
        retryAfterMs,
      });
    }
    this.#times.set(key, [...recent, now]);
    if (this.#times.size > 10_000) this.#forget(now);
    return () => {
      this.#giveBack(key, now);
    };
  }

  #giveBack(key: string, time: number): void {
    const times = this.#times.get(key) ?? [];
    const at = times.indexOf(time);
    if (at !== -1) this.#times.set(key, times.toSpliced(at, 1));
  }

  #forget(now: number): void {
    for (const [key, times] of this.#times) {
      if (times.every((time) => time <= now - this.#perMs)) this.#times.delete(key);
    }
  }
}

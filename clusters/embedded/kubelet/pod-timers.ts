/** What a pod waits for, by name: a later wait of the same name takes the place of the earlier. */
export class PodTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  after(key: string, ms: number, work: () => void): void {
    this.clear(key);
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        work();
      },
      Math.max(0, ms),
    );
    this.#timers.set(key, timer);
  }

  clear(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
  }

  /** All of them, or all but those whose name begins so. */
  clearAll(options: { exceptPrefix?: string } = {}): void {
    const { exceptPrefix } = options;
    for (const key of [...this.#timers.keys()]) {
      if (exceptPrefix === undefined || !key.startsWith(exceptPrefix)) this.clear(key);
    }
  }
}

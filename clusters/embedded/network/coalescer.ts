import { messageOf } from '../../../common/errors.js';
import type { Logger } from '../../../common/logger.js';

/**
 * Runs one piece of work again and again as asked: once for all askings of a tick, never twice at a time, and
 * again after askings that came while it ran. A failure is logged and tried again after a moment.
 */
export class Coalescer {
  readonly #work: () => Promise<void>;
  readonly #logger: Logger;
  #wanted = false;
  #running: Promise<void> | undefined;
  #failures = 0;
  #stopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(work: () => Promise<void>, logger: Logger) {
    this.#work = work;
    this.#logger = logger;
  }

  request(): void {
    if (this.#stopped) return;
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  /** Resolves when everything asked for so far has been done. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  async #run(): Promise<void> {
    // The askings of this tick come together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#wanted && !this.#isStopped()) {
      this.#wanted = false;
      try {
        await this.#work();
        this.#failures = 0;
      } catch (error) {
        if (this.#isStopped()) break;
        this.#failures++;
        this.#logger.error('bringing the network up to date failed', {
          error: messageOf(error),
          failures: this.#failures,
        });
        this.#retry = setTimeout(
          () => {
            this.request();
          },
          Math.min(10_000, 50 * 2 ** this.#failures),
        );
        break;
      }
    }
    this.#running = undefined;
  }
}

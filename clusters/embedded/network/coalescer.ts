import { messageOf } from '../../../common/errors.js';
import type { Logger } from '../../../common/logger.js';

/**
 * Runs one piece of work again and again as asked: once for all askings of a tick, never twice at a time, and
 * again after askings that came while it ran. A failure is logged and tried again after a moment.
 */
export class Coalescer {
  readonly #work: () => Promise<void>;
  readonly #logger: Logger;
  /** How often it was asked, and how many of these askings are done. */
  #asked = 0;
  #done = 0;
  #turn: Promise<void> = Promise.resolve();
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
    this.#asked += 1;
    this.#running ??= this.#run();
  }

  /**
   * Resolves when what was asked for so far has been done, however much is asked for meanwhile. Rejects where it
   * failed, or nothing is done any more.
   */
  async caughtUp(): Promise<void> {
    const asked = this.#asked;
    while (this.#done < asked) {
      if (this.#running === undefined)
        throw new Error('the network could not be brought up to date');
      await this.#turn;
    }
  }

  /** Resolves when nothing is left to do, or a failure waits for its next try. */
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
    while (this.#done < this.#asked && !this.#isStopped()) {
      this.#turn = this.#takeTurn();
      await this.#turn;
      if (this.#failures > 0) break;
    }
    this.#running = undefined;
  }

  async #takeTurn(): Promise<void> {
    // The askings of this tick come together.
    await new Promise((resolve) => setImmediate(resolve));
    const asked = this.#asked;
    try {
      await this.#work();
      this.#done = asked;
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      if (this.#isStopped()) return;
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
    }
  }
}

import { messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { LiveLab } from './live-lab.js';

/** What goes on for labs while nobody waits for it: its end is logged, and the server's end waits for it. */
export class BackgroundWork {
  readonly #logger: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Never rejects: what fails is logged, quietly where the lab itself was ended. */
  start(what: string, live: LiveLab, work: () => Promise<void>): void {
    const startedAt = performance.now();
    const fields = { lab: live.lab.id, cluster: live.clusterName, session: live.id };
    const running = work().then(
      () => {
        const tookMs = Math.round(performance.now() - startedAt);
        this.#logger.info('lab work done', { ...fields, what, tookMs });
      },
      (error: unknown) => {
        const isOurs = live.abort.signal.aborted;
        this.#logger[isOurs ? 'debug' : 'error']('lab work failed', {
          ...fields,
          what,
          error: messageOf(error),
        });
      },
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Resolves when all that runs now has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}

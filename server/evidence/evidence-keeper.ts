import { errorCodeOf, messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { Database } from '../database/open-database.js';
import { pruneEvidence } from './prune-evidence.js';
import type { EvidenceLimits } from './which-to-remove.js';

export interface EvidenceKeeperOptions {
  limits: EvidenceLimits;
  logger: Logger;
  /** After the first page: it takes the disk a moment. */
  firstAfterMs?: number;
  everyMs?: number;
}

const FIRST_AFTER_MS = 5000;
const EVERY_MS = 3_600_000;
/** The part of the limit after which, newly stored, nobody waits for the hour: somebody fills it on purpose. */
const SOONER_AFTER = 1 / 20;

/** Keeps stored evidence within its limits: soon after the start, every hour, and when much of it came since. */
export class EvidenceKeeper implements AsyncDisposable {
  readonly #database: Database;
  readonly #options: EvidenceKeeperOptions;
  readonly #abort = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  #running: Promise<void> | undefined;
  #storedBytes = 0;

  constructor(database: Database, options: EvidenceKeeperOptions) {
    this.#database = database;
    this.#options = options;
    const prune = (): void => void this.prune();
    const { firstAfterMs = FIRST_AFTER_MS, everyMs = EVERY_MS } = options;
    this.#timers = [setTimeout(prune, firstAfterMs), setInterval(prune, everyMs)];
    for (const timer of this.#timers) timer.unref();
  }

  /** To be told of each piece of evidence that is stored. Returns at once. */
  stored(bytes: number): void {
    this.#storedBytes += bytes;
    if (this.#storedBytes > this.#options.limits.bytes * SOONER_AFTER) void this.prune();
  }

  /** Never rejects; who calls while it is under way waits for the same end. */
  prune(): Promise<void> {
    this.#running ??= this.#prune().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #prune(): Promise<void> {
    const { limits, logger } = this.#options;
    const { signal } = this.#abort;
    this.#storedBytes = 0;
    try {
      const { removed, left, alwaysKept } = await pruneEvidence(this.#database, { limits, signal });
      if (removed.attempts > 0) logger.info('old evidence was removed', { removed, left });
      if (alwaysKept.bytes > limits.bytes) {
        logger.warn('evidence that is always kept takes more than the limit', {
          alwaysKept,
          limits,
        });
      }
    } catch (error) {
      if (signal.aborted) return;
      const isFull = errorCodeOf(error) === 'DISK_FULL';
      logger.error(
        isFull ? 'the disk is full, old evidence could not be removed' : 'old evidence stays',
        { error: messageOf(error) },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#abort.abort();
    await this.#running;
  }
}

import { performance } from 'node:perf_hooks';
import { messageOf } from '../../../common/errors.js';
import type { Logger } from '../../../common/logger.js';
import { ApiError } from '../api/api-error.js';

/** Keys to look at soon. A key that is already waiting is not added twice. */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key later; of several delays for one key the earliest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Drops a delay that is no longer wanted. */
  cancelDelay(key: string): void;
}

/** After so long in one go, sockets and the other clusters of the process get their turn. */
const SLICE_MS = 4;
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 60_000;
/** The longest delay a timer of Node can take. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Work {
  run: () => void;
}

/**
 * One line of work for all controllers of a cluster: keys are handled one after the other in the order they
 * came, each in a microtask of its own, so that what one of them wrote has reached every cache before the
 * next begins. A key whose handler throws is tried again, later each time. Nothing runs while nothing waits.
 */
export class WorkLoop implements Disposable {
  readonly #logger: Logger;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #queues: { failures: ReadonlyMap<string, number>; add: (key: string) => void }[] = [];
  #ready: Work[] = [];
  #head = 0;
  #running = false;
  #closed = false;
  #sliceEnd = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A queue whose keys are given to `handle`. */
  queue(name: string, handle: (key: string) => void): WorkQueue {
    const waiting = new Set<string>();
    const delayed = new Map<string, { at: number; timer: NodeJS.Timeout }>();
    const failures = new Map<string, number>();

    const add = (key: string): void => {
      if (this.#closed || waiting.has(key)) return;
      waiting.add(key);
      this.#push({
        run: () => {
          waiting.delete(key);
          try {
            handle(key);
            failures.delete(key);
          } catch (error) {
            const failed = (failures.get(key) ?? 0) + 1;
            failures.set(key, failed);
            this.#report({ controller: name, key, failed }, error);
            addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** (failed - 1), LAST_RETRY_MS));
          }
        },
      });
    };
    const addAfter = (key: string, delayMs: number): void => {
      if (this.#closed) return;
      if (delayMs <= 0) {
        add(key);
        return;
      }
      const at = performance.now() + delayMs;
      const known = delayed.get(key);
      if (known !== undefined) {
        if (known.at <= at) return;
        this.#stopTimer(known.timer);
      }
      const timer = this.#startTimer(delayMs, () => {
        delayed.delete(key);
        add(key);
      });
      delayed.set(key, { at, timer });
    };
    const cancelDelay = (key: string): void => {
      const known = delayed.get(key);
      if (known === undefined) return;
      this.#stopTimer(known.timer);
      delayed.delete(key);
    };
    this.#queues.push({ failures, add });
    return { add, addAfter, cancelDelay };
  }

  /** Tries what failed in a namespace again now: something it may have waited for has changed. */
  retry(namespace: string): void {
    for (const { failures, add } of this.#queues) {
      for (const key of failures.keys()) if (key.startsWith(`${namespace}/`)) add(key);
    }
  }

  /** True while nothing waits to be handled; delayed keys do not count. */
  get idle(): boolean {
    return !this.#running;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#ready = [];
    this.#head = 0;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #push(work: Work): void {
    this.#ready.push(work);
    if (this.#running) return;
    this.#running = true;
    setImmediate(this.#startSlice);
  }

  readonly #startSlice = (): void => {
    this.#sliceEnd = performance.now() + SLICE_MS;
    this.#step();
  };

  readonly #step = (): void => {
    const work = this.#ready[this.#head];
    if (work === undefined) {
      this.#ready = [];
      this.#head = 0;
      this.#running = false;
      return;
    }
    this.#head += 1;
    if (this.#head > 1024) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    work.run();
    if (performance.now() < this.#sliceEnd) queueMicrotask(this.#step);
    else setImmediate(this.#startSlice);
  };

  #startTimer(delayMs: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        then();
      },
      Math.min(delayMs, LONGEST_TIMER_MS),
    );
    timer.unref();
    this.#timers.add(timer);
    return timer;
  }

  #stopTimer(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #report(fields: { controller: string; key: string; failed: number }, error: unknown): void {
    if (error instanceof ApiError || error instanceof RetryError) {
      this.#logger.debug('a controller will try again', { ...fields, error: messageOf(error) });
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
      this.#logger.error('a controller failed', { ...fields, error: text });
    }
  }
}

/** Thrown by a handler that wants its key again, later each time; not a defect. */
export class RetryError extends Error {
  override readonly name = 'RetryError';
}

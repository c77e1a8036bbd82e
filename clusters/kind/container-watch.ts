import type { Container } from './list-containers.js';

const EVENTS = ['create', 'start', 'die', 'pause', 'unpause', 'rename', 'destroy'];
/** What is older than this is asked for again, whatever was told: a daemon that hangs tells nothing. */
const MOST_MS = 60_000;

export interface WatchParts {
  /** Asks Docker what containers there are. */
  ask: () => Promise<Container[]>;
  /** Starts a docker that speaks until it is disposed of. */
  follow: (
    args: readonly string[],
    on: { onLine: () => void; onEnd: () => void },
  ) => AsyncDisposable;
}

/**
 * What containers there are, asked of Docker and then kept for as long as its stream of events says nothing. The stream is one
 * `docker events` for all clusters; when it ends, because the daemon does, the next question goes to Docker again.
 */
export class ContainerWatch implements AsyncDisposable {
  readonly #parts: WatchParts;
  readonly #now: () => number;
  #stream: AsyncDisposable | undefined;
  #known: { containers: Promise<Container[]>; at: number } | undefined;
  #isDisposed = false;

  constructor(parts: WatchParts, now: () => number = () => Date.now()) {
    this.#parts = parts;
    this.#now = now;
  }

  list(): Promise<Container[]> {
    const now = this.#now();
    if (this.#known !== undefined && now - this.#known.at < MOST_MS) return this.#known.containers;
    const containers = this.#parts.ask();
    const known = { containers, at: now };
    this.#known = known;
    containers.then(
      () => {
        this.#open(now);
      },
      () => {
        if (this.#known === known) this.#known = undefined;
      },
    );
    return containers;
  }

  /** Who has just changed something does not wait for the news of it. */
  forget(): void {
    this.#known = undefined;
  }

  /** After an answer, so that a daemon that is down costs one call and not two. */
  #open(asked: number): void {
    if (this.#stream !== undefined || this.#isDisposed) return;
    // What happened since the question, while the stream was being opened, is told again.
    const since = (asked / 1000).toFixed(3);
    const filters = ['type=container', ...EVENTS.map((event) => `event=${event}`)];
    const stream = this.#parts.follow(
      ['events', '--since', since, ...filters.flatMap((filter) => ['--filter', filter])],
      {
        onLine: () => {
          this.forget();
        },
        onEnd: () => {
          if (this.#stream === stream) this.#stream = undefined;
          this.forget();
        },
      },
    );
    this.#stream = stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.forget();
    await this.#stream?.[Symbol.asyncDispose]();
  }
}

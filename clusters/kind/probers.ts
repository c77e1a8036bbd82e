import type { GatehouseError } from '../../common/errors.js';
import type { CommandResult } from '../../system/run-command.js';
import type { Conversation } from '../../system/talk-to-command.js';
import { throwIfAborted, type Programs } from './programs.js';

/** A prober that nobody needs is kept so long for the next check. */
const IDLE_MS = 60_000;
/**
 * Runs each script that comes, up to a null byte, and says with another that it is done. Without `--norc`, bash would read
 * somebody's start-up file wherever its input is a socket.
 */
const LOOP = `while IFS= read -r -d '' script; do (eval "$script") </dev/null; printf '\\0'; done`;

export interface ProberWork {
  container: string;
  /** Bash; no null bytes in it nor in what it prints. */
  script: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

/**
 * Shells that stay in containers and run one script after another: a check probes in many rounds, and Docker takes longer to
 * start a shell than most packets travel. Each script runs in a subshell and knows nothing of those before.
 */
export class Probers implements AsyncDisposable {
  readonly #programs: Programs;
  readonly #idle = new Map<string, Prober[]>();
  readonly #all = new Set<Prober>();

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  /** What the script printed. Rejects where the container does not run it, or not in time. */
  async run(work: ProberWork): Promise<string> {
    const { container, script, timeoutMs, signal } = work;
    throwIfAborted(signal);
    for (;;) {
      const known = this.#idle.get(container)?.pop();
      const prober = known ?? this.#start(container);
      const answer = await this.#programs.account.track('probing', () =>
        prober.ask(script, { timeoutMs, signal }),
      );
      if (answer === undefined) {
        await this.#end(prober);
        throwIfAborted(signal);
        // One that has rested may have ended with its container meanwhile, which may be there again.
        if (known !== undefined && !prober.isLate) continue;
        throw await prober.failure(timeoutMs);
      }
      this.#rest(container, prober);
      return answer;
    }
  }

  #start(container: string): Prober {
    const prober = new Prober(this.#programs, container);
    this.#all.add(prober);
    void prober.ended.then(() => this.#end(prober));
    return prober;
  }

  #rest(container: string, prober: Prober): void {
    this.#idle.set(container, [...(this.#idle.get(container) ?? []), prober]);
    prober.afterIdle(IDLE_MS, () => {
      void this.#end(prober);
    });
  }

  async #end(prober: Prober): Promise<void> {
    this.#all.delete(prober);
    for (const [container, idle] of this.#idle) {
      this.#idle.set(
        container,
        idle.filter((one) => one !== prober),
      );
    }
    await prober[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((prober) => this.#end(prober)));
  }
}

/** One shell in one container; runs one script at a time. */
class Prober implements AsyncDisposable {
  /** Whether its last script did not end in time. */
  isLate = false;
  readonly #programs: Programs;
  readonly #args: string[];
  readonly #program: Conversation;
  readonly #startedAt = performance.now();
  #heard: string[] = [];
  #tell: ((answer: string | undefined) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(programs: Programs, container: string) {
    this.#programs = programs;
    this.#args = ['exec', '-i', container, 'bash', '--norc', '-c', LOOP];
    this.#program = programs.talkToDocker(this.#args, (chunk) => {
      this.#heard.push(chunk);
      if (chunk.includes('\0')) this.#tell?.(this.#heard.join('').replace('\0', ''));
    });
  }

  get ended(): Promise<unknown> {
    return this.#program.ended;
  }

  /** What the script printed; undefined where it did not end in time or with its shell, or was given up. */
  async ask(
    script: string,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<string | undefined> {
    clearTimeout(this.#timer);
    this.#heard = [];
    const giveUp = (): void => this.#tell?.(undefined);
    const timer = setTimeout(() => {
      this.isLate = true;
      giveUp();
    }, timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await new Promise((resolve) => {
        this.#tell = resolve;
        void this.#program.ended.then(giveUp);
        this.#program.write(`${script}\0`);
      });
    } finally {
      this.#tell = undefined;
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  afterIdle(ms: number, work: () => void): void {
    this.#timer = setTimeout(work, ms).unref();
  }

  /** Why it did not answer; it has ended. */
  async failure(timeoutMs: number): Promise<GatehouseError> {
    const { exitCode, stderr } = await this.#program.ended;
    const tookMs = performance.now() - this.#startedAt;
    const result: CommandResult = { exitCode, stderr, stdout: '', timedOut: this.isLate, tookMs };
    return this.#programs.failureOf('docker', this.#args, { result, options: { timeoutMs } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#program[Symbol.asyncDispose]();
  }
}

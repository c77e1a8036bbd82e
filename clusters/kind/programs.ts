import { GatehouseError } from '../../common/errors.js';
import { runCommand, type CommandResult } from '../../system/run-command.js';
import { failureOf } from './failures.js';

export type ProgramName = 'docker' | 'kind' | 'kubectl';

export interface ProgramOptions {
  input?: string | Buffer;
  signal?: AbortSignal;
  timeoutMs?: number;
  env?: Record<string, string>;
  /** Each chunk of standard error as it comes. */
  onStderr?: (chunk: string) => void;
}

export interface ProgramsSettings {
  /** Put before PATH; the usual PATH alone unless given. */
  programPaths?: readonly string[];
  /** This process's own PATH. */
  path: string;
  /** Added to the environment of every program. */
  environment?: Readonly<Record<string, string>>;
  /** Told each command before it runs, as it can be pasted into a shell. */
  onCommand?: (line: string) => void;
}

const TIMEOUT_MS = 60_000;

/** kind, docker and kubectl: every call of theirs goes through here. */
export class Programs {
  readonly #settings: ProgramsSettings;

  constructor(settings: ProgramsSettings) {
    this.#settings = settings;
  }

  /** What a program needs to be run elsewhere just as it is run here. */
  get environment(): Record<string, string> {
    const { programPaths = [], path, environment = {} } = this.#settings;
    return { ...environment, PATH: [...programPaths, path].join(':') };
  }

  /** Rejects with a code, a sentence and a fix where the program fails. */
  async run(
    program: ProgramName,
    args: readonly string[],
    options: ProgramOptions = {},
  ): Promise<CommandResult> {
    const result = await this.try(program, args, options);
    if (result.exitCode === 0) return result;
    const line = commandLine(program, args, options.env);
    if (result.timedOut) {
      const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
      throw new GatehouseError(
        program === 'docker' ? 'MACHINE_NOT_READY' : 'CLUSTER_FAILED',
        `${program} did not end within ${Math.round(timeoutMs / 1000)} s`,
        { fix: `run it by hand: ${line}` },
      );
    }
    throw failureOf({ line, program, exitCode: result.exitCode, stderr: result.stderr });
  }

  /** As `run`, but the exit code is the caller's to judge. Rejects only with CANCELLED. */
  async try(
    program: ProgramName,
    args: readonly string[],
    options: ProgramOptions = {},
  ): Promise<CommandResult> {
    throwIfAborted(options.signal);
    this.#settings.onCommand?.(commandLine(program, args, options.env));
    const result = await runCommand(program, args, {
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      env: { ...this.environment, ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onStderr === undefined ? {} : { onStderr: options.onStderr }),
    });
    throwIfAborted(options.signal);
    return result;
  }

  async docker(args: readonly string[], options?: ProgramOptions): Promise<string> {
    return (await this.run('docker', args, options)).stdout;
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new GatehouseError('CANCELLED', 'the work was cancelled');
}

/** As it can be pasted into a shell. */
export function commandLine(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
  return [...variables, program, ...args.map(quote)].join(' ');
}

export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

import { GatehouseError } from '../../common/errors.js';
import { followCommand } from '../../system/follow-command.js';
import { runCommand, type CommandResult } from '../../system/run-command.js';
import { talkToCommand, type Conversation } from '../../system/talk-to-command.js';
import { failureOf } from './failures.js';
import { TimeAccount, type Need } from './time-account.js';

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
  account?: TimeAccount;
}

const TIMEOUT_MS = 60_000;

/** Images and nodes must be got whoever does it, and a manifest applied; every other call of docker is ours. */
function needOf(program: ProgramName, [verb]: readonly string[]): Need | 'docker' {
  if (program === 'kubectl') return 'kubernetes';
  return program === 'kind' || verb === 'pull' ? 'kind' : 'docker';
}

/** kind, docker and kubectl: every call of theirs goes through here. */
export class Programs {
  /** Where the time goes; commands count as ours unless the caller says what they wait for. */
  readonly account: TimeAccount;
  readonly #settings: ProgramsSettings;

  constructor(settings: ProgramsSettings) {
    this.#settings = settings;
    this.account = settings.account ?? new TimeAccount();
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
    throw this.failureOf(program, args, { result, options });
  }

  /** What a failed call means: a code, a sentence and a fix. */
  failureOf(
    program: ProgramName,
    args: readonly string[],
    { result, options = {} }: { result: CommandResult; options?: ProgramOptions },
  ): GatehouseError {
    const line = commandLine(program, args, options.env);
    if (result.timedOut) {
      const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
      return new GatehouseError(
        program === 'docker' ? 'MACHINE_NOT_READY' : 'CLUSTER_FAILED',
        `${program} did not end within ${Math.round(timeoutMs / 1000)} s`,
        { fix: `run it by hand: ${line}` },
      );
    }
    return failureOf({ line, program, exitCode: result.exitCode, stderr: result.stderr });
  }

  /** As `run`, but the exit code is the caller's to judge. Rejects only with CANCELLED. */
  async try(
    program: ProgramName,
    args: readonly string[],
    options: ProgramOptions = {},
  ): Promise<CommandResult> {
    throwIfAborted(options.signal);
    this.#settings.onCommand?.(commandLine(program, args, options.env));
    const begun = this.account.now();
    const result = await runCommand(program, args, {
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      env: { ...this.environment, ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onStderr === undefined ? {} : { onStderr: options.onStderr }),
    });
    this.account.add(needOf(program, args), { from: begun, to: this.account.now() });
    throwIfAborted(options.signal);
    return result;
  }

  /** Starts a docker that speaks until it is disposed of, which is the caller's duty. */
  followDocker(
    args: readonly string[],
    on: { onLine: (line: string) => void; onEnd: () => void },
  ): AsyncDisposable {
    this.#settings.onCommand?.(commandLine('docker', args));
    return followCommand('docker', args, { env: { HOME: '/', ...this.environment }, ...on });
  }

  /** Starts a docker that is told things and answers, until it is disposed of, which is the caller's duty. */
  talkToDocker(args: readonly string[], onStdout: (chunk: string) => void): Conversation {
    this.#settings.onCommand?.(commandLine('docker', args));
    const now = this.account.now();
    this.account.add('docker', { from: now, to: now });
    return talkToCommand('docker', args, { env: this.environment, onStdout });
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

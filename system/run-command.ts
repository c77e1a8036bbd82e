import { execa } from 'execa';

export interface CommandOptions {
  input?: string | Buffer;
  cwd?: string;
  /** Added to the environment of this process, or the whole of it with `cleanEnvironment`. */
  env?: Record<string, string>;
  cleanEnvironment?: boolean;
  timeoutMs?: number;
  signal?: AbortSignal;
  maxOutputBytes?: number;
  /** Told each piece of standard error as it comes, for programs that speak of their progress there. */
  onStderr?: (chunk: string) => void;
}

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
  tookMs: number;
}

/**
 * Runs a program to its end and never rejects for its exit code: 127 where it could not be started, 128 + signal
 * where a signal ended it. The whole process group dies with a timeout or an abort, so no grandchild holds the pipe.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const startedAt = performance.now();
  let timedOut = false;
  const child = execa(file, args, {
    reject: false,
    detached: true,
    stripFinalNewline: false,
    extendEnv: options.cleanEnvironment !== true,
    maxBuffer: options.maxOutputBytes ?? 64 * 1024 * 1024,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const { onStderr } = options;
  if (onStderr !== undefined) {
    const decoder = new TextDecoder();
    child.stderr.on('data', (chunk: Buffer) => {
      onStderr(decoder.decode(chunk, { stream: true }));
    });
  }
  const killGroup = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  };
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          killGroup();
        }, options.timeoutMs);
  options.signal?.addEventListener('abort', killGroup, { once: true });
  if (options.signal?.aborted === true) killGroup();
  try {
    const result = await child;
    const exitCode =
      result.exitCode ??
      (result.isTerminated ? 128 + (SIGNAL_NUMBERS[result.signal ?? ''] ?? 0) : 127);
    return {
      exitCode,
      stdout: result.stdout,
      stderr:
        exitCode === 127 && result.stderr === '' ? (result.shortMessage ?? '') : result.stderr,
      timedOut,
      tookMs: performance.now() - startedAt,
    };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', killGroup);
  }
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
};

import { execa } from 'execa';

export interface Conversation extends AsyncDisposable {
  /** Goes to its standard input; lost where it has ended. */
  write(text: string): void;
  /** Resolves when it has ended, whyever: 127 where it could not be started. */
  readonly ended: Promise<{ exitCode: number; stderr: string }>;
}

/** Starts a program that is told things and answers, until it ends by itself or is disposed of with all that it has started. */
export function talkToCommand(
  file: string,
  args: readonly string[],
  { env, onStdout }: { env: Record<string, string>; onStdout: (chunk: string) => void },
): Conversation {
  const child = execa(file, args, {
    reject: false,
    detached: true,
    stdin: 'pipe',
    buffer: { stdout: false },
    env,
  });
  const decoder = new TextDecoder();
  child.stdout.on('data', (chunk: Buffer) => {
    onStdout(decoder.decode(chunk, { stream: true }));
  });
  // It may end while somebody writes: `ended` says so.
  child.stdin.on('error', () => undefined);
  const ended = child.then((result) => ({
    exitCode: result.exitCode ?? (result.isTerminated ? 128 : 127),
    stderr: result.stderr === '' ? (result.shortMessage ?? '') : result.stderr,
  }));
  return {
    write(text) {
      child.stdin.write(text);
    },
    ended,
    async [Symbol.asyncDispose]() {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
      await ended;
    },
  };
}

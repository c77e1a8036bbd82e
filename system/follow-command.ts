import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface FollowOptions {
  /** The whole environment of the program. */
  env: Record<string, string>;
  /** Told each line of its standard output. */
  onLine: (line: string) => void;
  /** Told once, when it has ended by itself or could not be started; not after it was disposed of. */
  onEnd: () => void;
}

/** Starts a program that speaks until it is disposed of; that resolves when it is gone. */
export function followCommand(
  file: string,
  args: readonly string[],
  { env, onLine, onEnd }: FollowOptions,
): AsyncDisposable {
  // In this process's group: a terminal's Ctrl+C ends both. Whom it outlives all the same it notices at its next line.
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let isDisposed = false;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      resolve();
      if (!isDisposed) onEnd();
      isDisposed = true;
    };
    child.once('error', end);
    child.once('close', end);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!isDisposed) onLine(line);
  });
  return {
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      child.kill('SIGKILL');
      await gone;
    },
  };
}

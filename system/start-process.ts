import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface StartOptions {
  cwd?: string;
  /** The whole environment of the new process. */
  env: Record<string, string>;
  /** Both outputs are appended here; `/dev/null` throws them away. */
  outputFile: string;
}

/**
 * Starts a program that lives on after this process: in a session of its own, holding none of our descriptors.
 * Resolves with its pid; rejects where it could not be started at all.
 */
export async function startDetached(
  file: string,
  args: readonly string[],
  options: StartOptions,
): Promise<number> {
  const output = openSync(options.outputFile, 'a', 0o600);
  try {
    const child = spawn(file, args, {
      detached: true,
      env: options.env,
      stdio: ['ignore', output, output],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        reject(new Error(`could not start ${file}: ${cause.message}`, { cause }));
      });
    });
    child.unref();
    if (child.pid === undefined) throw new Error(`could not start ${file}`);
    return child.pid;
  } finally {
    closeSync(output);
  }
}

/** Whether a process exists (also as a zombie, also of another user). */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

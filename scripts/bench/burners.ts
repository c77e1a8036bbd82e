import { runCommand } from '../../system/run-command.js';

/**
 * The command of a process that does nothing as fast as it can. The kernel ends it with its parent, however that one
 * ends; a parent that was gone before the kernel was told is seen by its number.
 */
export function burnerCommand(parent: string): { file: string; args: string[] } {
  const loop = '[ "$PPID" = "$1" ] && while :; do :; done';
  return { file: 'setpriv', args: ['--pdeathsig', 'KILL', 'sh', '-c', loop, 'burner', parent] };
}

/** Burns processors until it is disposed of. */
export function burn(count: number): AsyncDisposable {
  const stop = new AbortController();
  const { file, args } = burnerCommand(String(process.pid));
  const burning = Array.from({ length: count }, () =>
    runCommand(file, args, { signal: stop.signal }),
  );
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.allSettled(burning);
    },
  };
}

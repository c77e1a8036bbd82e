import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { z } from 'zod';

const Holder = z.object({ pid: z.number().int(), startedAt: z.string() });

/** When the process with this pid began, in the kernel's ticks; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The living process that holds the lock, or undefined. A pid that was given to another process does not count. */
export function lockHolder(file: string): number | undefined {
  try {
    const holder = Holder.parse(JSON.parse(readFileSync(file, 'utf8')));
    return startOf(holder.pid) === holder.startedAt ? holder.pid : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the lock, also from a process that died with it; undefined where a living one holds it. */
export function takeLock(file: string): Disposable | undefined {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) ?? '' }));
      closeSync(fd);
      return {
        [Symbol.dispose]: () => {
          rmSync(file, { force: true });
        },
      };
    } catch {
      if (lockHolder(file) !== undefined) return undefined;
      rmSync(file, { force: true });
    }
  }
  return undefined;
}

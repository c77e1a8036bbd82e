/** A file that says which living process holds something. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/**
 * Takes the lock, also from a process that died with it; undefined where a living one holds it. The file is there with its
 * holder's name or not at all: whoever found it empty would take it for nobody's.
 */
export function takeLock(file: string): Disposable | undefined {
  const draft = `${file}.${process.pid}`;
  const holder = { pid: process.pid, startedAt: startOf(process.pid) ?? '' };
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (lockHolder(file) !== undefined) return undefined;
      if (attempt > 0) rmSync(file, { force: true });
      try {
        linkSync(draft, file);
      } catch {
        continue;
      }
      return {
        [Symbol.dispose]: () => {
          rmSync(file, { force: true });
        },
      };
    }
    return undefined;
  } finally {
    rmSync(draft, { force: true });
  }
}

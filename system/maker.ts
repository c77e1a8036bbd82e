import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isProcessAlive } from './start-process.js';

/** Who makes something, so that others can tell work in progress from what a crash left: `HOST/PID/START/NONCE`. */
export function newMaker(): string {
  return [hostname(), process.pid, startOf(process.pid) ?? '', randomBytes(4).toString('hex')].join(
    '/',
  );
}

/** Makers on other hosts of the same Docker are given the benefit of the doubt. */
export function isMakerAlive(maker: string): boolean {
  const [host, pidText, start] = maker.split('/');
  const pid = Number(pidText);
  if (host !== hostname()) return true;
  if (!Number.isInteger(pid) || pid <= 0 || !isProcessAlive(pid)) return false;
  const startNow = startOf(pid);
  return startNow === undefined || start === '' || startNow === start;
}

/** When a process began, in the kernel's own count; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

import { readdirSync, readFileSync } from 'node:fs';

const CLUSTER_UIDS = { first: 700_000, last: 800_000 };

/** Proportional set size (shared pages divided among those who share them) of every process of every cluster. */
export function proportionalBytes(): number {
  let total = 0;
  for (const pid of pids()) {
    const uid = Number(field(`/proc/${pid}/status`, /^Uid:\s+(\d+)/m));
    if (uid < CLUSTER_UIDS.first || uid > CLUSTER_UIDS.last) continue;
    total += 1024 * Number(field(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m));
  }
  return total;
}

/** Resident bytes of the processes whose command line holds `mark`. */
export function residentBytes(mark: string): number {
  let total = 0;
  for (const pid of pids()) {
    if (!read(`/proc/${pid}/cmdline`).includes(mark)) continue;
    total += 1024 * Number(field(`/proc/${pid}/status`, /^VmRSS:\s+(\d+)/m));
  }
  return total;
}

/** The kernel's own: slabs, per-CPU areas, page tables, stacks. */
export function kernelSlabBytes(): number {
  const text = read('/proc/meminfo');
  return ['Slab', 'Percpu', 'PageTables', 'KernelStack'].reduce((sum, name) => {
    const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text);
    return sum + 1024 * Number(match?.[1] ?? 0);
  }, 0);
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

function field(file: string, pattern: RegExp): string {
  return pattern.exec(read(file))?.[1] ?? '0';
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it ended while we looked
  }
}

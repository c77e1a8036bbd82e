import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

const TICKS_PER_SECOND = 100;

export interface Reading {
  /** Proportional share of memory of all clusters' processes. */
  clusters: number;
  /** The same of the host process. */
  host: number;
  /** Kernel memory of the whole machine: slab, stacks, page tables, per-CPU. */
  kernel: number;
  /** Files in memory. */
  files: number;
}

/** What the clusters of one state directory take, in bytes. */
export class HostMeter {
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  read(): Reading {
    let clusters = 0;
    let host = 0;
    const agents = new Set<number>();
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      const pid = Number(name);
      const command = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const stat = readText(`/proc/${pid}/stat`);
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      if (command.includes('/host.js') && command.includes(this.#stateDir)) host += pssOf(pid);
      else if (command.includes(`--dir ${this.#stateDir}/`)) agents.add(pid);
    }
    for (const pid of parents.keys()) {
      if (isBelow(pid, { agents, parents })) clusters += pssOf(pid);
    }
    return { clusters, host, kernel: kernelBytes(), files: this.#fileBytes() };
  }

  /** Processor time of the host process so far. */
  cpuSeconds(): number {
    const stat = readText(`/proc/${this.#hostPid()}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Files, sockets and the like that the host process holds. */
  openFiles(): number {
    return readdirSync(`/proc/${this.#hostPid()}/fd`).length;
  }

  #hostPid(): string {
    const found = readdirSync('/proc').find((entry) => {
      const command = /^\d+$/.test(entry) ? readText(`/proc/${entry}/cmdline`) : '';
      return command.includes('/host.js') && command.includes(this.#stateDir);
    });
    if (found === undefined) throw new Error('there is no host process');
    return found;
  }

  #fileBytes(): number {
    try {
      const folder = realpathSync(path.join(this.#stateDir, 'run'));
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .reduce(
          (sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).blocks * 512,
          0,
        );
    } catch {
      return 0;
    }
  }
}

function isBelow(
  pid: number,
  tree: { agents: ReadonlySet<number>; parents: ReadonlyMap<number, number> },
): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = tree.parents.get(at)) {
    if (tree.agents.has(at)) return true;
  }
  return false;
}

function pssOf(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/smaps_rollup`));
  return Number(match?.[1] ?? 0) * 1024;
}

function kernelBytes(): number {
  const text = readText('/proc/meminfo');
  return ['Slab', 'KernelStack', 'PageTables', 'Percpu']
    .map((name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024)
    .reduce((sum, bytes) => sum + bytes, 0);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

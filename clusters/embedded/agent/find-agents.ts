import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** An agent that runs on this machine, whoever started it. */
export interface FoundAgent {
  pid: number;
  /** The cluster's folder and its control socket, as the agent was told. */
  dir: string;
  socketPath: string;
}

/** Asks the machine for running agents: what a host reconnects to, or ends, after a crash. */
export async function findAgents(): Promise<FoundAgent[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readAgent(Number(pid))));
  return found.filter((agent) => agent !== undefined);
}

async function readAgent(pid: number): Promise<FoundAgent | undefined> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    if (path.basename(words[0] ?? '') !== 'agent') return undefined;
    const dir = valueAfter(words, '--dir');
    const socketPath = valueAfter(words, '--socket');
    if (dir === undefined || socketPath === undefined) return undefined;
    // Process 1 of a namespace of its own; others with that command line are on their way to be something else.
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return /^NSpid:.*\s1$/m.test(status) ? { pid, dir, socketPath } : undefined;
  } catch {
    return undefined; // it has ended
  }
}

function valueAfter(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at === -1 ? undefined : words[at + 1];
}

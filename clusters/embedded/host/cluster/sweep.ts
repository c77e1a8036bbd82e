import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeClusterFolder, type ClusterFolder } from './cluster-folder.js';

/** Ends the agents that a folder belongs to and removes the folder. Safe to run twice. */
export async function sweepCluster(folder: ClusterFolder): Promise<void> {
  await endAgents(folder);
  await removeClusterFolder(folder);
}

/** Ends the agents of a cluster, but for one. */
export async function endAgents(folder: ClusterFolder, but?: number): Promise<void> {
  const others = (): number[] => agentsOf(folder).filter((pid) => pid !== but);
  for (const pid of others()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  for (let i = 0; i < 400 && others().length > 0; i++) await sleep(5);
}

/** Agents name their folder in their command line. */
function agentsOf(folder: ClusterFolder): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const args = readFileSync(path.join('/proc', name, 'cmdline'), 'utf8').split('\0');
      const isAgent = path.basename(args[0] ?? '') === 'agent';
      const at = args.indexOf('--dir');
      return isAgent && at !== -1 && args[at + 1] === folder.run ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeClusterFolder, type ClusterFolder } from './cluster-folder.js';

/** Ends the agent that a folder belongs to, if one lives, and removes the folder. Safe to run twice. */
export async function sweepCluster(folder: ClusterFolder): Promise<void> {
  for (const pid of agentsOf(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  for (let i = 0; i < 200 && agentsOf(folder).length > 0; i++) await sleep(5);
  await removeClusterFolder(folder);
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

import { stat, utimes, writeFile } from 'node:fs/promises';
import { filesOf, type KindContext } from './context.js';
import { workstationName } from './names.js';
import { findClusters, type Found } from './records.js';

/** Says that somebody uses a cluster now. */
export async function touch(context: KindContext, name: string): Promise<void> {
  const { used } = filesOf(context, name);
  const now = new Date();
  try {
    await utimes(used, now, now);
  } catch {
    // Gone with the cluster, or not there yet.
    await writeFile(used, '', { mode: 0o600 }).catch(() => undefined);
  }
}

/** Pauses clusters that nobody has used for `pauseAfterMinutes` and whose workstation has no shell open. Answers their names. */
export async function pauseIdle(context: KindContext, now = Date.now()): Promise<string[]> {
  const { pauseAfterMinutes } = context.settings;
  if (pauseAfterMinutes === 0) return [];
  const paused: string[] = [];
  for (const found of await findClusters(context)) {
    if (found.info.state !== 'ready' || found.record?.state !== 'running') continue;
    const isIdle = async (): Promise<boolean> =>
      now - (await usedAt(context, found)) >= pauseAfterMinutes * 60_000;
    // Asked once more at the end: somebody may have come while Docker was asked for shells.
    if (!(await isIdle()) || (await hasShell(context, found.name)) || !(await isIdle())) continue;
    await pause(context, found);
    paused.push(found.name);
  }
  return paused;
}

async function usedAt(context: KindContext, { name, info }: Found): Promise<number> {
  try {
    return (await stat(filesOf(context, name).used)).mtimeMs;
  } catch {
    return Date.parse(info.createdAt);
  }
}

/** Beside its first process and that one's sleep, a workstation at rest has none. */
async function hasShell(context: KindContext, name: string): Promise<boolean> {
  const list = await context.programs.try('docker', [
    'top',
    workstationName(name),
    '-eo',
    'pid,comm',
  ]);
  const lines = list.stdout.trim().split('\n').slice(1);
  return list.exitCode === 0 && lines.length > 2;
}

/** A cluster that is half paused is woken as a whole. */
export async function pause(context: KindContext, found: Found): Promise<void> {
  const names = [...found.nodes.map(({ name }) => name), workstationName(found.name)];
  await context.programs.docker(['pause', ...names]);
  context.containers.forget();
}

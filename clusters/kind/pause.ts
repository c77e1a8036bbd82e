import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { filesOf, type KindContext } from './context.js';
import type { KubeApi } from './kube-api.js';
import { clientName, workstationName } from './names.js';
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

function pausedMark(context: KindContext, name: string): string {
  return path.join(filesOf(context, name).dir, 'paused');
}

/** Pauses clusters that nobody has used for `pauseAfterMinutes` and whose workstation has no shell open. Answers their names. */
export async function pauseIdle(context: KindContext, now = Date.now()): Promise<string[]> {
  const { pauseAfterMinutes } = context.settings;
  if (pauseAfterMinutes === 0) return [];
  const paused: string[] = [];
  for (const found of await findClusters(context)) {
    if (found.info.state !== 'ready' || found.record?.state !== 'running') continue;
    const idleMs = now - (await usedAt(context, found));
    if (idleMs < pauseAfterMinutes * 60_000 || (await hasShell(context, found.name))) continue;
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

/** The mark goes first: a cluster that is half paused is woken as a whole. */
export async function pause(context: KindContext, found: Found): Promise<void> {
  await writeFile(pausedMark(context, found.name), '', { mode: 0o600 });
  const names = [...found.nodes.map(({ name }) => name), workstationName(found.name)];
  await context.programs.docker(['pause', ...names]);
}

/** Wakes a cluster if it is paused. Clocks in it have stood still: leases are renewed before it is handed over. */
export async function resume(
  context: KindContext,
  cluster: { name: string; kindName: string },
  openApi: () => Promise<KubeApi>,
): Promise<void> {
  const mark = pausedMark(context, cluster.name);
  try {
    await readFile(mark);
  } catch {
    return;
  }
  const found = (await findClusters(context)).find(({ name }) => name === cluster.name);
  const names = [
    ...(found?.nodes ?? []).map(({ name }) => name),
    workstationName(cluster.name),
    clientName(cluster.name),
  ];
  // One that is not paused, or not there, says so; what counts is whether the server answers then.
  for (const name of names) await context.programs.try('docker', ['unpause', name]);
  const api = await openApi();
  const until = performance.now() + 60_000;
  for (;;) {
    try {
      await api.ask('GET', '/version', { timeoutMs: 5_000 });
      break;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  await rm(mark, { force: true });
}

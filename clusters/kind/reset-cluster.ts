import { setMaxListeners } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf } from '../../common/errors.js';
import { isJsonObject, type JsonObject } from '../../common/json.js';
import type { Phase } from '../../common/progress.js';
import type { ClusterInfo, ClusterSpec } from '../provider.js';
import { filesOf, type KindContext } from './context.js';
import { createCluster } from './create-cluster.js';
import type { KubeApi } from '../client/kube-api.js';
import { throwIfAborted } from './programs.js';
import { nodeNames } from './records.js';
import { noteDoing, removeCluster } from './remove-cluster.js';
import { resetObjects } from './reset-objects.js';
import { waitReady } from '../client/wait-ready.js';
import { restoreWorkstation } from './workstation.js';

const Stored = z.custom<JsonObject>(isJsonObject);
const Baseline = z.object({ objects: z.array(Stored) });
/** Written by us from a spec; only its outermost shape is looked at. */
const StoredSpec = z.custom<ClusterSpec>(
  (value) => isJsonObject(value) && typeof value['name'] === 'string',
);
const READY_MS = 120_000;

export type ResetDepth = 'objects' | 'rebuild';

export interface ResetWork {
  info: ClusterInfo;
  kindName: string;
  api: KubeApi;
  depth?: ResetDepth;
  signal?: AbortSignal;
  onPhase?: (phase: Phase) => void;
}

export async function readSpec(context: KindContext, name: string): Promise<ClusterSpec> {
  return StoredSpec.parse(JSON.parse(await readFile(filesOf(context, name).spec, 'utf8')));
}

/**
 * Back to the baseline: by objects where that is enough, else by building the cluster anew. Answers with the depth that
 * was needed. A rebuild gives the cluster another address and other keys.
 */
export async function resetCluster(context: KindContext, work: ResetWork): Promise<ResetDepth> {
  const { info, kindName, signal, onPhase } = work;
  if (signal !== undefined) setMaxListeners(0, signal);
  const tell = (id: string, title: string, fraction: number): void =>
    onPhase?.({ id, title, fraction });
  const reason = work.depth === 'rebuild' ? 'it was asked for' : await needsRebuild(context, work);
  if (reason === undefined) {
    await noteDoing(context, info.name, 'resetting');
    try {
      tell('objects', 'Taking back what was changed', 0);
      const spec = await readSpec(context, info.name);
      const baseline = Baseline.parse(
        JSON.parse(await readFile(filesOf(context, info.name).baseline, 'utf8')),
      );
      const [beyond] = await Promise.all([
        resetObjects(work.api, baseline.objects, { account: context.programs.account, signal }),
        restoreWorkstation(context, spec),
      ]);
      tell('workloads', "Waiting for the lab's workloads", 0.6);
      await context.programs.account.track('kubernetes', () => wait(work, signal));
      if (beyond.length === 0) {
        tell('ready', 'Ready', 1);
        return 'objects';
      }
      context.logger.warn('a reset by objects was not enough', { cluster: info.name, beyond });
    } catch (error) {
      throwIfAborted(signal);
      context.logger.warn('a reset by objects failed', {
        cluster: info.name,
        reason: messageOf(error),
      });
    } finally {
      await rm(filesOf(context, info.name).doing, { force: true });
    }
  } else {
    context.logger.info('a cluster is built anew', { cluster: info.name, reason });
  }
  tell('rebuild', 'Building the cluster anew', 0.1);
  const spec = await readSpec(context, info.name);
  await removeCluster(context, { name: info.name, kindName });
  await createCluster(context, spec, {
    ...(signal === undefined ? {} : { signal }),
    onPhase: (phase) => onPhase?.({ ...phase, fraction: 0.1 + phase.fraction * 0.9 }),
  });
  return 'rebuild';
}

/** Why objects alone will not do; undefined where they will. */
async function needsRebuild(
  context: KindContext,
  { info, kindName, api }: ResetWork,
): Promise<string | undefined> {
  if (info.state === 'broken') return 'containers of it are missing';
  try {
    await api.ask('GET', '/version', { timeoutMs: 10_000 });
  } catch (error) {
    return messageOf(error);
  }
  if (info.cni !== 'none') return undefined;
  // A plugin leaves files, links and rules on the nodes that no object remembers.
  const configured = await Promise.all(
    (await nodeNames(context, kindName)).map(async (node) => {
      const look = await context.programs.try('docker', [
        ...['exec', node, 'sh', '-c', 'ls -A /etc/cni/net.d 2>/dev/null | head -n 1'],
      ]);
      return look.stdout.trim() !== '';
    }),
  );
  if (configured.includes(true)) return 'a network plugin was installed on the nodes';
  return undefined;
}

async function wait({ api, info }: ResetWork, signal: AbortSignal | undefined): Promise<void> {
  if (info.cni === 'none') return;
  await waitReady(
    api,
    { nodes: { count: info.nodes, ready: true }, workloads: 'all' },
    { timeoutMs: READY_MS, ...(signal === undefined ? {} : { signal }) },
  );
}

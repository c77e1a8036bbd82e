import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProjectRoot } from '../../system/project-root.js';
import { isProcessAlive } from '../../system/start-process.js';
import type { ProviderUnderTest } from '../../clusters/provider.contract.js';
import type { Cluster, ClusterProvider, ClusterSpec } from '../../clusters/provider.js';
import {
  clusterFolder,
  clusterNames,
} from '../../clusters/embedded/host/cluster/cluster-folder.js';
import { hostPaths } from '../../clusters/embedded/host/host-options.js';
import { lockHolder } from '../../system/lock-file.js';
import { sweepCluster } from '../../clusters/embedded/host/cluster/sweep.js';
import {
  createEmbeddedProvider,
  type EmbeddedProviderOptions,
} from '../../clusters/embedded/provider.js';

/** For tests: a provider over a state directory of its own; its host and folder go with it. */
export interface EmbeddedUnderTest extends ProviderUnderTest {
  stateDir: string;
  hostPid(): number | undefined;
  /** The host's log so far. */
  log(): string;
}

export function createEmbeddedUnderTest(
  more: Partial<EmbeddedProviderOptions> = {},
): Promise<EmbeddedUnderTest> {
  // In memory where there is such a place: a cluster is hundreds of small files.
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const stateDir = mkdtempSync(path.join(base, 'gatehouse-'));
  chmodSync(stateDir, 0o711);
  const dist = path.join(findProjectRoot(), 'dist');
  const made: ClusterProvider[] = [];
  const open = (): ClusterProvider => {
    const provider = createEmbeddedProvider({
      stateDir,
      hostEntry: path.join(dist, 'host.js'),
      nativeDir: path.join(dist, 'native'),
      readyTimeoutMs: 45_000,
      ...more,
    });
    made.push(provider);
    return provider;
  };
  const hostPid = (): number | undefined => lockHolder(hostPaths(stateDir).lock);
  return Promise.resolve({
    stateDir,
    provider: open(),
    another: open,
    hostPid,
    log: () => readFileSync(hostPaths(stateDir).log, 'utf8'),
    leftovers: (except = []) => Promise.resolve(leftoversOf(stateDir, except)),
    async [Symbol.asyncDispose]() {
      for (const provider of made) await provider[Symbol.asyncDispose]();
      const pid = hostPid();
      if (pid !== undefined) {
        process.kill(pid, 'SIGTERM');
        while (isProcessAlive(pid)) await sleep(5);
      }
      // Agents would wait for another host: clusters that a test did not end, end here.
      for (const name of clusterNames(stateDir)) await sweepCluster(clusterFolder(stateDir, name));
      rmSync(stateDir, { recursive: true, force: true });
    },
  });
}

/** The same with one cluster in it, for all tests of a file. */
export interface ClusterUnderTest extends EmbeddedUnderTest {
  cluster: Cluster;
}

/** One node with Calico, where nothing else is asked for. A cluster that cannot be made leaves no host behind. */
export async function createClusterUnderTest(
  spec: Pick<ClusterSpec, 'name'> & Partial<ClusterSpec>,
): Promise<ClusterUnderTest> {
  const under = await createEmbeddedUnderTest();
  const defaults = {
    nodes: 1,
    cni: 'calico',
    nodeShell: false,
    labels: {},
    manifests: [],
  } as const;
  try {
    const cluster = await under.provider.create({ ...defaults, ...spec });
    const end = async (): Promise<void> => {
      await cluster[Symbol.asyncDispose]();
      await under[Symbol.asyncDispose]();
    };
    return { ...under, cluster, [Symbol.asyncDispose]: end };
  } catch (error) {
    await under[Symbol.asyncDispose]();
    throw error;
  }
}

/** Clusters' processes (agents and all below name the folder in their command lines), folders and mounts. */
export function leftoversOf(stateDir: string, except: readonly string[]): string[] {
  const left: string[] = [];
  const known = except.map((name) => clusterFolder(stateDir, name));
  const isKnown = (text: string): boolean =>
    known.some((folder) =>
      [folder.root, folder.run, folder.sockets].some((part) => text.includes(`${part}/`)),
    );
  const owners = new Set(
    known.map((folder) => statSync(folder.run).uid).filter((uid) => uid !== process.getuid?.()),
  );
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
      // Servers of a cluster's outside world name no folder of it: their user tells whose they are.
      if (owners.has(uid)) continue;
      if (command.includes(`${stateDir}/`) && !command.includes('/host.js')) left.push(command);
    } catch {
      // It ended while we looked.
    }
  }
  for (const part of ['clusters', 'run']) {
    const folder = path.join(stateDir, part);
    if (existsSync(folder)) left.push(...readdirSync(folder).map((name) => `${folder}/${name}/`));
  }
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  left.push(...mounts.filter((mount) => mount.includes(stateDir)));
  return left.filter((what) => !isKnown(what)).toSorted();
}

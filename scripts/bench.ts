import { mkdtempSync, chmodSync, rmSync, existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedCluster } from '../clusters/embedded/cluster-client.js';
import { createEmbeddedProvider } from '../clusters/embedded/provider.js';
import type { Cluster, ClusterProvider, ClusterSpec } from '../clusters/provider.js';
import type { JsonObject } from '../common/json.js';
import type { Endpoint, ProbeRequest } from '../common/probe.js';
import { compile } from '../policy/compile.js';
import type { World } from '../policy/model.js';
import { renderDelta, renderFull } from '../policy/render.js';
import { findProjectRoot } from '../system/project-root.js';
import { benchApi } from './bench/api.js';
import { benchChecks } from './bench/checks.js';
import { HostMeter } from './bench/host-meter.js';
import { measureFloor } from './bench/floor.js';
import { benchLarge } from './bench/large.js';
import { deployment, namespace } from './bench/manifests.js';
import { median, percentile, table } from './bench/numbers.js';
import { soak } from './bench/soak.js';

/**
 * What the embedded cluster costs, beside the bare system calls for the same work in the same run:
 *
 *   npm run bench -- [--rounds N] [--clusters 1,10,50] [--large] [--only create,policies,compile,matrix,memory,large]
 *   npm run bench -- api [--only ready,reads,writes,watchers,neighbours,objects,idle]
 *   npm run bench -- checks [--count 1000] [--only alone,class,load]  grading, alone, in a class, and while the processors burn
 *   npm run bench -- soak [--minutes 10]  ten minutes of good and bad requests, memory at both ends
 */
const args = process.argv.slice(2);
const option = (name: string, otherwise: string): string => {
  const at = args.indexOf(`--${name}`);
  return at === -1 ? otherwise : (args[at + 1] ?? otherwise);
};
const ROUNDS = Number(option('rounds', '10'));
const ONLY = option('only', 'create,policies,compile,matrix,memory').split(',');
const SIZES = option('clusters', '1,10,50').split(',').map(Number);

const policy = (name: string, labels: JsonObject): JsonObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { podSelector: { matchLabels: labels }, policyTypes: ['Ingress'] },
});

/** A lab's cluster: three nodes, eight pods of its own beside DNS and the plugin's. */
const lab = (name: string, more: Partial<ClusterSpec> = {}): ClusterSpec => ({
  name,
  nodes: 3,
  cni: 'calico',
  manifests: [namespace('shop'), deployment('web', 4), deployment('db', 4)],
  nodeShell: false,
  labels: {},
  ...more,
});

async function main(): Promise<void> {
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  const load = loadavg()[0] ?? 0;
  say(
    `${cpus().length} cores, load ${load.toFixed(1)}${load > 0.5 ? ' (others work here: numbers are worse than they are)' : ''}\n`,
  );
  // On a disk where its writes are measured, else in memory.
  const base = existsSync('/dev/shm') && args[0] !== 'api' ? '/dev/shm' : tmpdir();
  const stateDir = mkdtempSync(path.join(base, 'gatehouse-bench-'));
  chmodSync(stateDir, 0o711);
  const dist = path.join(findProjectRoot(), 'dist');
  const provider = createEmbeddedProvider({
    stateDir,
    hostEntry: path.join(dist, 'host.js'),
    nativeDir: path.join(dist, 'native'),
  });
  const rows: string[][] = [];
  const row = (what: string, value: string, target: string): void => {
    rows.push([what, value, target]);
    say(`${what}: ${value}  (target ${target})`);
  };
  try {
    if (args[0] === 'api') {
      await benchApi(provider, {
        stateDir,
        row,
        only: option('only', '').split(',').filter(Boolean),
      });
    } else if (args[0] === 'checks') {
      await benchChecks(provider, {
        row,
        count: Number(option('count', '1000')),
        only: option('only', '').split(',').filter(Boolean),
      });
    } else if (args[0] === 'soak') {
      await soak(provider, { stateDir, row, minutes: Number(option('minutes', '10')) });
    } else await benchClusters(provider, { stateDir, row });
    say(`\n${table(['', 'measured', 'target'], rows)}`);
  } finally {
    for (const { name } of await provider.list()) {
      await (await provider.open(name))[Symbol.asyncDispose]();
    }
    await provider[Symbol.asyncDispose]();
    await endHost(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  }
}

type Row = (what: string, value: string, target: string) => void;

async function benchClusters(
  provider: ClusterProvider,
  { stateDir, row }: { stateDir: string; row: Row },
): Promise<void> {
  const floors: number[] = [];
  const creates: number[] = [];
  const resets: number[] = [];
  await warmUp(provider);
  for (let i = 0; i < (ONLY.includes('create') ? ROUNDS : 0); i++) {
    floors.push(await measureFloor({ nodes: 3, pods: 8 }));
    const startedAt = performance.now();
    const cluster = await provider.create(lab(`round-${i}`));
    creates.push(performance.now() - startedAt);
    const resetAt = performance.now();
    await cluster.reset();
    resets.push(performance.now() - resetAt);
    await cluster[Symbol.asyncDispose]();
  }
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  if (ONLY.includes('create')) {
    row('floor: 3 nodes and 8 pods by bare system calls', ms(median(floors)), '');
    row('cluster ready, 3 nodes and 8 pods', ms(median(creates)), '300 ms, 3 times the floor');
    row('times the floor', (median(creates) / median(floors)).toFixed(1), '3');
    row('reset', ms(median(resets)), 'not slower than create');
  }
  if (ONLY.includes('policies')) await benchPolicies(provider, row);
  if (ONLY.includes('compile')) benchCompile(row);
  if (ONLY.includes('matrix')) await benchMatrix(provider, row);
  if (ONLY.includes('memory')) await benchMemory(provider, { stateDir, row });
  if (args.includes('--large') || ONLY.includes('large')) await benchLarge(provider, row);
}

/** The host's own start, and what its just-in-time compiler learns first. */
async function warmUp(provider: ClusterProvider): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const cluster = await provider.create(lab('warm-up'));
    await cluster[Symbol.asyncDispose]();
  }
}

async function benchPolicies(provider: ClusterProvider, row: Row): Promise<void> {
  await using cluster = await provider.create(lab('policies'));
  const times = await enforcementTimes(cluster, 100);
  const text = `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`;
  row('policy acknowledged to enforced on every node', text, 'p99 50 ms');
}

/** How long after its acknowledgement a policy is in the kernel of every node. */
async function enforcementTimes(cluster: Cluster, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await cluster.apply([policy('toggled', { app: i % 2 === 0 ? 'web' : 'db' })]);
    const acknowledgedAt = performance.now();
    await settle(cluster);
    times.push(performance.now() - acknowledgedAt);
  }
  return times;
}

async function settle(cluster: Cluster): Promise<void> {
  if (isEmbedded(cluster)) await cluster.settled();
}

function isEmbedded(cluster: Cluster): cluster is EmbeddedCluster {
  return 'settled' in cluster;
}

/** 500 pods and 1,000 policies from nothing to the scripts of one of five nodes; then one more policy. */
function benchCompile(row: Row): void {
  const pods = Array.from({ length: 500 }, (_, i) => ({
    namespace: 'shop',
    name: `pod-${i}`,
    labels: { app: `app-${i % 100}` },
    node: `node-${i % 5}`,
    addresses: [`10.244.${i % 5}.${Math.floor(i / 5) + 2}`],
    hostNetwork: false,
    phase: 'Running' as const,
    ports: [],
  }));
  const world = (count: number): World => ({
    namespaces: [{ name: 'shop', labels: {} }],
    nodes: [],
    pods,
    networkPolicies: policies.slice(0, count),
  });
  const policies = Array.from({ length: 1001 }, (_, i) => ({
    ...policy(`policy-${i}`, { app: `app-${i % 100}` }),
    spec: {
      podSelector: { matchLabels: { app: `app-${i % 100}` } },
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { app: `app-${(i * 7) % 100}` } } }],
          ports: [{ protocol: 'TCP', port: i + 1 }],
        },
      ],
    },
  }));
  const startedAt = performance.now();
  const first = compile(world(1000), 'node-0');
  renderFull(first);
  const changedAt = performance.now();
  renderDelta(first, compile(world(1001), 'node-0'));
  const endedAt = performance.now();
  row(
    'first compile, 500 pods and 1,000 policies',
    `${(changedAt - startedAt).toFixed(0)} ms`,
    '1 s',
  );
  row('compile of one policy more', `${(endedAt - changedAt).toFixed(1)} ms`, 'part of 50 ms');
}

async function benchMatrix(provider: ClusterProvider, row: Row): Promise<void> {
  await using cluster = await provider.create(
    lab('matrix', { manifests: [namespace('shop'), deployment('web', 5), deployment('db', 4)] }),
  );
  await cluster.apply([policy('deny-web', { app: 'web' })]);
  await settle(cluster);
  const pods = (await podsOf(cluster, 'shop')).slice(0, 9);
  const requests = pods.flatMap((from) =>
    pods.flatMap((to): ProbeRequest[] => [
      { from, to, port: 80, protocol: 'TCP' },
      { from, to, port: 80, protocol: 'TCP' },
      { from, to, port: 81, protocol: 'UDP' },
      { from, to, port: 81, protocol: 'UDP' },
    ]),
  );
  const times: number[] = [];
  let denied = 0;
  for (let i = 0; i < 5; i++) {
    const startedAt = performance.now();
    const results = await cluster.probe(requests);
    times.push(performance.now() - startedAt);
    denied = results.filter(({ cause }) => cause === 'filtered').length;
  }
  const what = `${requests.length} probes, ${denied} of them denied`;
  row(what, `${median(times).toFixed(0)} ms`, '500 ms');
}

async function podsOf(cluster: Cluster, wanted: string): Promise<Endpoint[]> {
  const { objects } = await cluster.snapshot();
  return objects.flatMap((object): Endpoint[] => {
    const metadata = object['metadata'];
    if (object['kind'] !== 'Pod' || typeof metadata !== 'object' || metadata === null) return [];
    if (Array.isArray(metadata) || metadata['namespace'] !== wanted) return [];
    const { name } = metadata;
    return typeof name === 'string' ? [{ type: 'pod', namespace: wanted, name }] : [];
  });
}

async function benchMemory(
  provider: ClusterProvider,
  { stateDir, row }: { stateDir: string; row: Row },
): Promise<void> {
  const meter = new HostMeter(stateDir);
  await sleep(1000);
  const before = meter.read();
  const clusters: Cluster[] = [];
  for (const size of SIZES) {
    while (clusters.length < size) {
      const next = Array.from({ length: Math.min(5, size - clusters.length) }, (_, i) =>
        provider.create(lab(`memory-${clusters.length + i}`)),
      );
      clusters.push(...(await Promise.all(next)));
    }
    await sleep(2000);
    const now = meter.read();
    const each = (bytes: number): string => `${(bytes / size / 2 ** 20).toFixed(1)} MB`;
    const parts = {
      processes: now.clusters - before.clusters,
      host: now.host - before.host,
      kernel: now.kernel - before.kernel,
      files: now.files - before.files,
    };
    const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
    const detail = Object.entries(parts)
      .map(([name, bytes]) => `${name} ${each(bytes)}`)
      .join(', ');
    row(`memory per cluster at ${size}`, `${each(total)} (${detail})`, '16 MB');
  }
  for (const cluster of clusters) await cluster[Symbol.asyncDispose]();
}

async function endHost(stateDir: string): Promise<void> {
  try {
    const lock: unknown = JSON.parse(readFileSync(path.join(stateDir, 'host/host.lock'), 'utf8'));
    if (typeof lock !== 'object' || lock === null || !('pid' in lock)) return;
    const pid = Number(lock.pid);
    process.kill(pid, 'SIGTERM');
    for (let i = 0; i < 500; i++) {
      process.kill(pid, 0);
      await sleep(10);
    }
  } catch {
    // It is gone.
  }
}

await main();
process.exit();

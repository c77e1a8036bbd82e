import type { EmbeddedCluster } from '../../clusters/embedded/cluster-client.js';
import type { Cluster, ClusterProvider } from '../../clusters/provider.js';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { ProbeRequest } from '../../common/probe.js';
import { deployment, namespace } from './manifests.js';
import { median, percentile } from './numbers.js';
import { measureRates, RATE_PORT, ratePods, type PacketRates } from './packet-rates.js';

type Row = (what: string, value: string, target: string) => void;

const APPS = Array.from({ length: 10 }, (_, i) => `app-${i}`);
const POLICIES = 1000;
const CHANGES = 100;
const NEW_PODS = 20;
const ROUNDS = 5;
const POLICIES_PATH = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';

/**
 * 500 pods and 1,000 policies in one cluster, 100 of which select each pod in both directions. What a change takes is
 * seen by packets: from its acknowledgement to the answer of the first probe that tells it.
 */
export async function benchLarge(provider: ClusterProvider, row: Row): Promise<void> {
  const startedAt = performance.now();
  await using cluster = await provider.create({
    name: 'large',
    nodes: 7,
    cni: 'calico',
    manifests: [
      namespace('shop'),
      ...APPS.map((name) => deployment(name, 50)),
      walker('none'),
      ...ratePods({
        namespace: 'shop',
        client: { name: 'rate-client', app: 'app-1', node: 'worker-1' },
        server: { name: 'rate-server', app: 'app-0', node: 'worker-2' },
      }),
    ],
    nodeShell: false,
    labels: {},
  });
  row('500 pods Ready on 7 nodes', seconds(performance.now() - startedAt), '');
  const appliedAt = performance.now();
  await applyAll(cluster);
  row('1,000 policies applied and enforced', seconds(performance.now() - appliedAt), '');

  row(
    'a policy changed, with them, until a packet tells',
    shown(await policyChanges(cluster)),
    P99,
  );
  row("a pod's label changed", shown(await labelChanges(cluster)), P99);
  await newPods(cluster, row);
  await benchRates(cluster, row);
}

const P99 = 'p99 50 ms';

const shown = (times: readonly number[]): string =>
  `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

async function applyAll(cluster: Cluster): Promise<void> {
  const many = Array.from({ length: POLICIES - APPS.length }, (_, i) => ({
    ...policy(`a-policy-${i}`, APPS[i % APPS.length] ?? ''),
    spec: {
      podSelector: { matchLabels: { app: APPS[i % APPS.length] ?? '' } },
      ingress: [{ from: [peer((i * 7) % APPS.length)], ports: [{ port: 10_000 + i }] }],
      egress: [{ to: [peer((i * 3) % APPS.length)], ports: [{ port: 10_000 + i }] }],
    },
  }));
  // By their names they come last: a packet that they allow has been asked of all the others.
  await cluster.apply([...many, ...APPS.map((app) => door(app, 'open'))]);
  await settle(cluster);
}

const peer = (app: number): JsonObject => ({
  podSelector: { matchLabels: { app: APPS[app] ?? '' } },
});

const policy = (name: string, app: string): JsonObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress', 'Egress'] },
});

/** What lets an app be reached: by everybody, by guests, or by nobody. */
function door(app: string, is: 'open' | 'guests' | 'shut'): JsonObject {
  const ports = [{ port: 80 }, { port: RATE_PORT }];
  const guests = [{ podSelector: { matchLabels: { role: 'guest' } } }];
  const ingress = { open: [{ ports }], guests: [{ ports, from: guests }], shut: [] }[is];
  return {
    ...policy(`z-door-${app}`, app),
    spec: { podSelector: { matchLabels: { app } }, ingress, egress: [{}] },
  };
}

/** A pod that no policy selects. */
const walker = (role: string, name = 'walker'): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { role } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }],
  },
});

async function policyChanges(cluster: Cluster): Promise<number[]> {
  const targets = await firstPods(cluster);
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const at = Math.floor(i / 2) % APPS.length;
    const app = APPS[at] ?? '';
    const isShut = i % 2 === 0;
    await cluster.apply([door(app, isShut ? 'shut' : 'open')]);
    const probe = fromWalker(targets[at] ?? '');
    times.push(await untilSeen(cluster, probe, isShut ? 'filtered' : 'open'));
  }
  return times;
}

async function labelChanges(cluster: Cluster): Promise<number[]> {
  const [target = ''] = await firstPods(cluster);
  await cluster.apply([door(APPS[0] ?? '', 'guests')]);
  await settle(cluster);
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const isGuest = i % 2 === 0;
    await cluster.apply([walker(isGuest ? 'guest' : 'none')]);
    times.push(await untilSeen(cluster, fromWalker(target), isGuest ? 'open' : 'filtered'));
  }
  await cluster.apply([door(APPS[0] ?? '', 'open')]);
  await settle(cluster);
  return times;
}

/** Each is asked for a port it serves and nobody allows, from before it is there until it is reached where it may be. */
async function newPods(cluster: Cluster, row: Row): Promise<void> {
  const times: number[] = [];
  let asked = 0;
  let leaked = 0;
  for (let i = 0; i < NEW_PODS; i++) {
    const name = `new-${i}`;
    await cluster.apply([served(name)]);
    const createdAt = performance.now();
    for (let isReached = false; !isReached;) {
      const [allowed, forbidden] = await cluster.probe([
        { ...fromWalker(name), timeoutMs: PATIENCE_MS },
        { ...fromWalker(name), port: 81, protocol: 'UDP', timeoutMs: PATIENCE_MS },
      ]);
      isReached = allowed?.cause === 'open';
      if (isReached) times.push(performance.now() - createdAt);
      if (forbidden?.cause === 'open' || forbidden?.cause === 'refused') leaked += 1;
      if (forbidden?.cause === 'filtered') asked += 1;
      if (performance.now() - createdAt > GIVE_UP_MS) throw new Error(`${name} is never reached`);
    }
  }
  row('a new pod, until it is reached where policies allow it', shown(times), '');
  row(
    'packets to new pods that no policy allows',
    `${asked} dropped, ${leaked} let through`,
    'none let through',
  );
}

function served(name: string): JsonObject {
  const template = valueAt(deployment(name, 1), ['spec', 'template', 'spec']);
  if (!isJsonObject(template)) throw new Error('a deployment without a template');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: 'app-5' } },
    spec: template,
  };
}

const fromWalker = (name: string): ProbeRequest => ({
  from: { type: 'pod', namespace: 'shop', name: 'walker' },
  to: { type: 'pod', namespace: 'shop', name },
  port: 80,
  protocol: 'TCP',
});

/** The kernel's word of a dropped packet comes at once: this is for packets lost in silence. */
const PATIENCE_MS = 100;
const GIVE_UP_MS = 10_000;

async function untilSeen(
  cluster: Cluster,
  request: ProbeRequest,
  wanted: 'open' | 'filtered',
): Promise<number> {
  const changedAt = performance.now();
  for (;;) {
    const [result] = await cluster.probe([{ ...request, timeoutMs: PATIENCE_MS }]);
    const took = performance.now() - changedAt;
    if (result?.cause === wanted) return took;
    if (took > GIVE_UP_MS) throw new Error(`${wanted} was never seen: ${JSON.stringify(result)}`);
  }
}

/** A pod of each app. */
async function firstPods(cluster: Cluster): Promise<string[]> {
  const { objects } = await cluster.snapshot();
  const names = objects.flatMap((object) => {
    const name = valueAt(object, ['metadata', 'name']);
    return object['kind'] === 'Pod' && typeof name === 'string' ? [name] : [];
  });
  return APPS.map((app) => names.find((name) => name.startsWith(`${app}-`)) ?? '');
}

/** With policies, without any, and again: what else the machine does falls on both. */
async function benchRates(cluster: Cluster, row: Row): Promise<void> {
  const address = await addressOf(cluster, 'rate-server');
  const measure = (): Promise<PacketRates> =>
    measureRates(cluster, { client: '-n shop rate-client', address, seconds: 0.5 });
  await measure();
  const ratios: PacketRates[] = [];
  let bare: PacketRates | undefined;
  for (let i = 0; i < ROUNDS; i++) {
    const guarded = await measure();
    await cluster.run(`kubectl delete --raw ${POLICIES_PATH}`);
    await settle(cluster);
    bare = await measure();
    ratios.push({
      streamed: guarded.streamed / bare.streamed,
      roundTrips: guarded.roundTrips / bare.roundTrips,
      connections: guarded.connections / bare.connections,
    });
    if (i < ROUNDS - 1) await applyAll(cluster);
  }
  if (bare === undefined) return;
  const ratio = (what: keyof PacketRates): string =>
    `${median(ratios.map((one) => one[what])).toFixed(2)} times`;
  const target = 'at least 0.9 times';
  row(
    `one stream (${(bare.streamed / 2 ** 30).toFixed(1)} GiB/s without policies)`,
    ratio('streamed'),
    target,
  );
  row(
    `round trips of small packets (${bare.roundTrips.toFixed(0)}/s without)`,
    ratio('roundTrips'),
    target,
  );
  row(`new connections (${bare.connections.toFixed(0)}/s without)`, ratio('connections'), target);
}

async function addressOf(cluster: Cluster, pod: string): Promise<string> {
  const { stdout } = await cluster.run(
    `kubectl -n shop get pod ${pod} -o jsonpath={.status.podIP}`,
  );
  return stdout;
}

async function settle(cluster: Cluster): Promise<void> {
  if (isEmbedded(cluster)) await cluster.settled();
}

const isEmbedded = (cluster: Cluster): cluster is EmbeddedCluster => 'settled' in cluster;

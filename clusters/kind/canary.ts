import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import type { Endpoint, ProbeRequest, ProbeResult } from '../../common/probe.js';
import type { KindContext } from './context.js';
import { pathOf, objectsAt, textAt, type KubeApi, type Resource } from '../client/kube-api.js';
import { applyAll } from '../client/objects.js';
import { probeCluster } from './probe.js';
import { PODS, isReady } from '../client/wait-ready.js';

const NAMESPACES: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
  verbs: [],
};
const PORT = 9;
const START_MS = 60_000;
const ENFORCED_MS = 30_000;

/**
 * Proves that policies are enforced, or rejects with CLUSTER_FAILED. Two pods of the pause image, which every node has:
 * nobody listens, so an allowed packet is refused and a denied one meets silence. No image is pulled for it.
 */
export async function proveEnforcement(
  context: KindContext,
  cluster: { name: string; kindName: string; cni: string; api: KubeApi },
  signal?: AbortSignal,
): Promise<void> {
  const { api } = cluster;
  const namespace = `gatehouse-canary-${randomBytes(3).toString('hex')}`;
  const with_ = signal === undefined ? {} : { signal };
  try {
    const nodes = (await api.list(NODES_, with_)).items;
    await applyAll(api, canaryObjects(namespace, nodes), { patient: true, ...with_ });
    await context.programs.account.track('kubernetes', () =>
      waitForPods(api, { namespace, ...with_ }),
    );
    const until = performance.now() + ENFORCED_MS;
    for (;;) {
      const results = await probeCluster(context, cluster, {
        requests: questions(namespace),
        ...with_,
      });
      if (isProven(results)) return;
      if (performance.now() > until) throw notEnforced(cluster.cni, results);
      await sleep(500, undefined, with_);
    }
  } finally {
    // Its end is not waited for: the namespace's pods end at once.
    await api.send('DELETE', pathOf(NAMESPACES, undefined, namespace)).catch(() => undefined);
  }
}

const NODES_: Resource = { ...NAMESPACES, plural: 'nodes', kind: 'Node' };

export function isProven(results: readonly ProbeResult[]): boolean {
  const [allowed, denied] = results;
  return allowed?.cause === 'refused' && denied?.cause === 'filtered';
}

function notEnforced(cni: string, results: readonly ProbeResult[]): GatehouseError {
  const [allowed, denied] = results.map(({ cause, detail }) =>
    detail === undefined ? cause : `${cause}, ${detail}`,
  );
  return new GatehouseError(
    'CLUSTER_FAILED',
    `${cni} does not enforce policies here: an allowed packet was ${allowed ?? 'not sent'} (refused is right), a denied one ${denied ?? 'not sent'} (filtered is right)`,
    {
      fix: 'scripts/gatehouse doctor --provider kind   # kernel features; then another version of the plugin',
    },
  );
}

function questions(namespace: string): ProbeRequest[] {
  const pod = (name: string): Endpoint => ({ type: 'pod', namespace, name });
  return ['allowed', 'denied'].map((from) => ({
    from: pod(from),
    to: pod('server'),
    port: PORT,
    protocol: 'TCP',
  }));
}

/** Client on the first node, server on the last: policies are enforced where the server lives. */
export function canaryObjects(namespace: string, nodes: readonly JsonObject[]): JsonObject[] {
  const names = nodes.map((node) => textAt(node, ['metadata', 'name'])).toSorted();
  const image = pauseImage(nodes);
  const pod = (name: string, node: string | undefined): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { canary: name } },
    spec: {
      nodeName: node ?? '',
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'pause', image, imagePullPolicy: 'IfNotPresent' }],
    },
  });
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'app.kubernetes.io/managed-by': 'gatehouse' } },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'canary', namespace },
      spec: {
        podSelector: { matchLabels: { canary: 'server' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { canary: 'allowed' } } }] }],
      },
    },
    pod('server', names.at(-1)),
    pod('allowed', names[0]),
    pod('denied', names[0]),
  ];
}

/** The sandbox image that the nodes say they have. */
export function pauseImage(nodes: readonly JsonObject[]): string {
  const names = nodes
    .flatMap((node) => objectsAt(node, ['status', 'images']))
    .flatMap(({ names: own }) => (Array.isArray(own) ? own : []))
    .filter((name) => typeof name === 'string');
  return names.find((name) => /(?:^|\/)pause:[^@]+$/.test(name)) ?? 'registry.k8s.io/pause:3.10';
}

async function waitForPods(
  api: KubeApi,
  { namespace, signal }: { namespace: string; signal?: AbortSignal },
): Promise<void> {
  const with_ = signal === undefined ? {} : { signal };
  const until = performance.now() + START_MS;
  for (;;) {
    const { items } = await api.list(PODS, { namespace, ...with_ });
    const ready = items.filter((pod) => isReady(pod) && textAt(pod, ['status', 'podIP']) !== '');
    if (ready.length === 3) return;
    if (performance.now() > until) {
      throw new GatehouseError(
        'CLUSTER_FAILED',
        `the pods that prove enforcement did not start within ${START_MS / 1000} s`,
        { fix: `kubectl --namespace ${namespace} describe pods` },
      );
    }
    await sleep(150, undefined, with_);
  }
}

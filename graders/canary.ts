import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Cluster } from '../clusters/provider.js';
import { deleteNamespace } from '../clusters/platform-api.js';
import { valueAt, type JsonObject } from '../common/json.js';
import { decide } from '../policy/decide.js';
import type { FlowEnd } from '../policy/model.js';
import { ProbeResult, type Endpoint } from '../common/probe.js';
import { objectsOfKind, viewOf, type ClusterView } from './cluster-view.js';

const PREFIX = 'gatehouse-canary-';
const PORT = 80;
const START_MS = 15_000;

export const Enforcement = z.enum(['enforced', 'not-enforced']);
export type Enforcement = z.infer<typeof Enforcement>;

/** What a pair of clients, one listed in a policy and one not, met at a server on each node. */
export const CanaryResult = z.object({
  /** By node of the server: the listed client and the other one, and the server to itself. */
  nodes: z.array(
    z.object({ node: z.string(), allowed: ProbeResult, denied: ProbeResult, alive: ProbeResult }),
  ),
  /** Set where the canary's own pods did not start, or never were made. */
  notReady: z.string().optional(),
  /** Set where other policies of the cluster decide about the canary's paths: then these say nothing about enforcement. */
  overruled: z.string().optional(),
});
export type CanaryResult = z.infer<typeof CanaryResult>;

/**
 * Tries for real whether policies are enforced: pods of the platform's own, in a namespace of its own that
 * is deleted afterwards, whatever happens. Probes again until the answers are as `expected` or stay otherwise.
 */
export async function runCanary(
  cluster: Cluster,
  options: { view: ClusterView; expected: Enforcement; signal: AbortSignal },
): Promise<CanaryResult> {
  const { view, expected, signal } = options;
  const namespace = `${PREFIX}${randomBytes(3).toString('hex')}`;
  const nodes = serverNodes(view);
  for (const left of leftBehind(view)) await deleteNamespace(cluster, left);
  try {
    await cluster.apply(objectsIn(namespace, nodes));
    const notReady = await waitForPods(cluster, { namespace, count: nodes.length + 2, signal });
    if (notReady !== undefined) return { nodes: [], notReady };
    let result = await probeOnce(cluster, { namespace, nodes, signal });
    for (let round = 0; round < 5 && !isAs(expected, result); round += 1) {
      await sleep(200 * (round + 1), undefined, { signal });
      result = await probeOnce(cluster, { namespace, nodes, signal });
    }
    if (expected === 'not-enforced' || isAs(expected, result)) return result;
    const overruled = overruledBy(viewOf(await cluster.snapshot()), namespace);
    return overruled === undefined ? result : { ...result, overruled };
  } finally {
    await deleteNamespace(cluster, namespace);
  }
}

export function isAs(expected: Enforcement, { nodes }: CanaryResult): boolean {
  const denied = expected === 'enforced' ? 'filtered' : 'open';
  return nodes.every(
    (one) =>
      one.alive.cause === 'open' && one.allowed.cause === 'open' && one.denied.cause === denied,
  );
}

/** Why the canary's own policy is not what decides; undefined where it is. */
function overruledBy({ pods, world }: ClusterView, namespace: string): string | undefined {
  const own = pods.filter((pod) => pod.namespace === namespace);
  const end = (name: string): FlowEnd => ({ type: 'pod', namespace, name });
  const isThere = (name: string): boolean => own.some((pod) => pod.name === name);
  const servers = own.map(({ name }) => name).filter((name) => name.startsWith('server-'));
  if (servers.length === 0 || !isThere('allowed') || !isThere('denied')) {
    return 'The test pods were taken away while they were looked at.';
  }
  for (const server of servers) {
    for (const client of ['allowed', 'denied']) {
      const flow = { from: end(client), to: end(server), port: PORT, protocol: 'TCP' } as const;
      const { allowed, explanation } = decide(world, flow);
      if (allowed !== (client === 'allowed')) return explanation;
    }
  }
  return undefined;
}

export function isCanaryNamespace(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** Canaries of a process that ended before it could clean up. A minute is longer than any canary takes. */
function leftBehind({ objects, takenAt }: ClusterView): string[] {
  return objectsOfKind(objects, 'v1', 'Namespace').flatMap((object) => {
    const name = valueAt(object, ['metadata', 'name']);
    const createdAt = valueAt(object, ['metadata', 'creationTimestamp']);
    const isOurs = typeof name === 'string' && isCanaryNamespace(name);
    // The view is dated by the same clock as its objects.
    const isOld =
      typeof createdAt === 'string' && Date.parse(takenAt) - Date.parse(createdAt) > 60_000;
    return isOurs && isOld ? [name] : [];
  });
}

/** One server on each worker, or on the only node there is. */
function serverNodes({ nodes }: ClusterView): string[] {
  const names = nodes.filter(({ ready }) => ready).map(({ name }) => name);
  return names.length > 1 ? names.slice(1) : names;
}

function objectsIn(namespace: string, nodes: readonly string[]): JsonObject[] {
  const [clientNode] = nodes;
  const pod = (
    name: string,
    options: { node: string; labels: Record<string, string> },
  ): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: options.labels },
    spec: {
      nodeName: options.node,
      terminationGracePeriodSeconds: 0,
      containers: [
        // An image that labs have on their nodes anyway; a tag that nobody moves needs no look at a registry.
        { name: 'canary', image: 'nginx:1.27', imagePullPolicy: 'IfNotPresent' },
      ],
    },
  });
  const client = (role: string) => pod(role, { node: clientNode ?? '', labels: { canary: role } });
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
    ...nodes.map((node, index) => pod(`server-${index}`, { node, labels: { canary: 'server' } })),
    client('allowed'),
    client('denied'),
  ];
}

async function waitForPods(
  cluster: Cluster,
  options: { namespace: string; count: number; signal: AbortSignal },
): Promise<string | undefined> {
  const until = performance.now() + START_MS;
  for (;;) {
    const view = viewOf(await cluster.snapshot());
    const pods = view.pods.filter(({ namespace }) => namespace === options.namespace);
    const waiting = pods.filter((pod) => !(pod.ready && pod.addresses.length > 0));
    if (pods.length >= options.count && waiting.length === 0) return undefined;
    if (performance.now() > until) {
      return (
        waiting.map(({ name, problem, phase }) => `${name}: ${problem ?? phase}`).join(', ') ||
        'no pod was created'
      );
    }
    await sleep(100, undefined, { signal: options.signal });
  }
}

async function probeOnce(
  cluster: Cluster,
  options: { namespace: string; nodes: readonly string[]; signal: AbortSignal },
): Promise<CanaryResult> {
  const pod = (name: string): Endpoint => ({ type: 'pod', namespace: options.namespace, name });
  const requests = options.nodes.flatMap((_, index) =>
    [pod('allowed'), pod('denied'), pod(`server-${index}`)].map((from) => ({
      from,
      to: pod(`server-${index}`),
      port: PORT,
      protocol: 'TCP' as const,
    })),
  );
  const results = await cluster.probe(requests, { signal: options.signal });
  const nodes = options.nodes.flatMap((node, index) => {
    const [allowed, denied, alive] = results.slice(index * 3, index * 3 + 3);
    return allowed === undefined || denied === undefined || alive === undefined
      ? []
      : [{ node, allowed, denied, alive }];
  });
  return { nodes };
}

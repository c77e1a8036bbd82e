import type { Pod } from '../objects.js';
import {
  addNode,
  manifest,
  deployment,
  setNodeReady,
  startTestCluster,
} from '../test-support/test-cluster.js';
import type { TestCluster } from '../test-support/test-cluster.js';

const pod = (name: string, spec: Record<string, unknown> = {}, labels?: Record<string, string>) =>
  manifest('Pod', name, {
    apiVersion: 'v1',
    ...(labels && { labels }),
    spec: {
      containers: [{ name: 'c', image: 'nginx', ...(spec['container'] as object) }],
      ...spec,
      container: undefined,
    },
  });
const get = ({ api }: TestCluster, name: string): Pod => api.get<Pod>('pods', name, 'demo')!;
const nodeOf = (cluster: TestCluster, name: string): string | undefined =>
  get(cluster, name).spec?.nodeName;
const requests = (cpu: string) => ({ container: { resources: { requests: { cpu } } } });

test('a pod is bound to a worker, with an event', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(pod('a'));
  await cluster.settled();
  expect(nodeOf(cluster, 'a')).toBe('worker1');
  expect(cluster.events('a')).toEqual(['Scheduled: Successfully assigned demo/a to worker1']);
});

test('pods of one owner go to different nodes, and so do pods without one', async () => {
  using cluster = startTestCluster({ nodes: 4, kubelet: false });
  cluster.apply(deployment('web', { replicas: 3 }), pod('a'), pod('b'), pod('c'));
  await cluster.settled();
  const nodes = cluster.api.list<Pod>('pods', 'demo').map(({ spec }) => spec?.nodeName);
  expect(nodes.sort()).toEqual(['worker1', 'worker1', 'worker2', 'worker2', 'worker3', 'worker3']);
});

test('a pod that fits nowhere says why in the real words, once', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(pod('lost', { nodeSelector: { disk: 'ssd' } }));
  await cluster.settled();
  const message =
    "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
  expect(get(cluster, 'lost').status?.conditions).toMatchObject([
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
  ]);
  expect(cluster.events('lost')).toEqual([`FailedScheduling: ${message}`]);
  cluster.api.update('nodes', { name: 'worker2' }, (draft) => {
    draft.metadata.labels = { ...draft.metadata.labels, disk: 'ssd' };
  });
  await cluster.settled();
  expect(nodeOf(cluster, 'lost')).toBe('worker2');
  expect(get(cluster, 'lost').status?.conditions).toMatchObject([
    { type: 'PodScheduled', status: 'True' },
  ]);
});

test('pods wait while nodes are not ready, except those that tolerate it', async () => {
  using cluster = startTestCluster({ kubelet: false });
  for (const name of ['control', 'worker1', 'worker2']) setNodeReady(cluster.api, name, 'False');
  await cluster.settled();
  cluster.apply(pod('waits'), pod('goes', { tolerations: [{ operator: 'Exists' }] }));
  await cluster.settled();
  expect(nodeOf(cluster, 'waits')).toBeUndefined();
  expect(nodeOf(cluster, 'goes')).toBeDefined();
  expect(cluster.events('waits')[0]).toContain(
    'node(s) had untolerated taint {node.kubernetes.io/not-ready: }',
  );
  setNodeReady(cluster.api, 'worker2', 'True');
  await cluster.until(() => nodeOf(cluster, 'waits') === 'worker2');
});

test('requests count against what a node has, and room made by a deletion is used', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    pod('big1', requests('1500m')),
    pod('big2', requests('1500m')),
    pod('big3', requests('1')),
  );
  await cluster.settled();
  expect(nodeOf(cluster, 'big1')).not.toBe(nodeOf(cluster, 'big2'));
  expect(cluster.events('big3')).toEqual([
    'FailedScheduling: 0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
  ]);
  cluster.api.delete('pods', { name: 'big1', namespace: 'demo' });
  await cluster.settled();
  expect(nodeOf(cluster, 'big3')).toBeDefined();
});

test('a cordoned node takes nothing, and host ports do not collide', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.api.update('nodes', { name: 'worker1' }, (draft) => {
    draft['spec'] = { ...(draft['spec'] as object), unschedulable: true };
  });
  await cluster.settled();
  const port = { container: { ports: [{ containerPort: 80, hostPort: 8080 }] } };
  cluster.apply(pod('a', port), pod('b', port));
  await cluster.settled();
  expect(nodeOf(cluster, 'a')).toBe('worker2');
  expect(nodeOf(cluster, 'b')).toBeUndefined();
  expect(cluster.events('b')[0]).toContain(
    "1 node(s) didn't have free ports for the requested pod ports",
  );
  expect(cluster.events('b')[0]).toContain('1 node(s) were unschedulable');
});

test('required anti-affinity keeps pods apart, affinity brings them together', async () => {
  using cluster = startTestCluster({ kubelet: false });
  const term = [
    { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } },
  ];
  const apart = {
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term } },
  };
  const near = {
    affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term } },
  };
  cluster.apply(
    pod('db1', apart, { app: 'db' }),
    pod('db2', apart, { app: 'db' }),
    pod('db3', apart, { app: 'db' }),
  );
  await cluster.settled();
  expect([nodeOf(cluster, 'db1'), nodeOf(cluster, 'db2')].sort()).toEqual(['worker1', 'worker2']);
  expect(cluster.events('db3')[0]).toContain("2 node(s) didn't match pod anti-affinity rules");
  cluster.api.delete('pods', { name: 'db2', namespace: 'demo', gracePeriodSeconds: 0 });
  await cluster.settled();
  expect(nodeOf(cluster, 'db3')).toBeDefined();
  cluster.api.delete('pods', { name: 'db3', namespace: 'demo', gracePeriodSeconds: 0 });
  await cluster.settled();
  cluster.apply(pod('client', near));
  await cluster.settled();
  expect(nodeOf(cluster, 'client')).toBe(nodeOf(cluster, 'db1'));
});

test('topology spread keeps its skew', async () => {
  using cluster = startTestCluster({ kubelet: false });
  const spread = {
    nodeName: undefined,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
    tolerations: [{ operator: 'Exists' }],
  };
  for (let i = 0; i < 6; i += 1) cluster.apply(pod(`p${i}`, spread, { app: 'web' }));
  await cluster.settled();
  const counts = new Map<string, number>();
  for (const { spec } of cluster.api.list<Pod>('pods', 'demo')) {
    counts.set(spec!.nodeName!, (counts.get(spec!.nodeName!) ?? 0) + 1);
  }
  expect([...counts.values()]).toEqual([2, 2, 2]);
});

test('a pod that names its node is left alone, one of another scheduler too', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(pod('named', { nodeName: 'control' }), pod('other', { schedulerName: 'mine' }));
  await cluster.settled();
  expect(nodeOf(cluster, 'named')).toBe('control');
  expect(nodeOf(cluster, 'other')).toBeUndefined();
  expect(cluster.events('named')).toEqual([]);
});

test('without nodes a pod waits for the first', async () => {
  using cluster = startTestCluster({ nodes: 0, kubelet: false });
  cluster.apply(pod('a'));
  await cluster.settled();
  expect(cluster.events('a')).toEqual(['FailedScheduling: no nodes available to schedule pods']);
  addNode(cluster.api, 'worker9');
  await cluster.settled();
  expect(nodeOf(cluster, 'a')).toBe('worker9');
});

test('eight pods on three nodes are bound within a few milliseconds', async () => {
  using cluster = startTestCluster({ kubelet: false });
  await cluster.settled();
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    cluster.apply(...[0, 1, 2, 3].map((i) => deployment(`web-${round}-${i}`)));
    await cluster.settled();
    const bound = cluster.api
      .list<Pod>('pods', 'demo')
      .filter(({ spec }) => spec?.nodeName !== undefined);
    expect(bound).toHaveLength(8 * (round + 1));
    const tookMs = performance.now() - started;
    // Generous for a busy machine; a quiet one needs under ten.
    expect(tookMs).toBeLessThan(250);
  }
});

test('pods wait a moment for nodes that are about to be ready, and then no longer', async () => {
  using cluster = startTestCluster({ kubelet: false });
  for (const name of ['worker1', 'worker2']) setNodeReady(cluster.api, name, 'False');
  cluster.apply(deployment('web'));
  await cluster.settled();
  const nodes = () => cluster.api.list<Pod>('pods', 'demo').map(({ spec }) => spec?.nodeName);
  setNodeReady(cluster.api, 'worker1', 'True');
  await cluster.settled();
  expect(nodes()).toEqual([undefined, undefined]);
  setNodeReady(cluster.api, 'worker2', 'True');
  await cluster.settled();
  expect(nodes().sort()).toEqual(['worker1', 'worker2']);
  setNodeReady(cluster.api, 'worker2', 'False');
  await cluster.settled();
  cluster.apply(pod('late'));
  await cluster.until(() => nodeOf(cluster, 'late') === 'worker1');
});

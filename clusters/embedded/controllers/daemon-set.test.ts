import type { ControllerRevision, DaemonSet, Pod } from './objects.js';
import {
  addNode,
  manifest,
  setPodStatus,
  startTestCluster,
  template,
} from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const daemonSet = (spec: Record<string, unknown> = {}, podSpec: Record<string, unknown> = {}) =>
  manifest('DaemonSet', 'agent', {
    apiVersion: 'apps/v1',
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: template({ app: 'agent' }, podSpec),
      ...spec,
    },
  });
const get = ({ api }: TestCluster): DaemonSet =>
  api.get<DaemonSet>('daemonsets.apps', 'agent', 'demo')!;
const pods = ({ api }: TestCluster): readonly Pod[] => api.list<Pod>('pods', 'demo');
const nodes = (cluster: TestCluster): (string | undefined)[] =>
  pods(cluster)
    .map(({ spec }) => spec?.nodeName)
    .sort();
const setImage = ({ api }: TestCluster, image: string): void => {
  api.update<DaemonSet>('daemonsets.apps', { name: 'agent', namespace: 'demo' }, (draft) => {
    draft.spec!.template.spec!.containers[0]!.image = image;
  });
};

test('every node that takes it gets one pod, marked and tolerant as daemon pods are', async () => {
  using cluster = startTestCluster();
  cluster.apply(daemonSet());
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect(nodes(cluster)).toEqual(['worker1', 'worker2']);
  const [pod] = pods(cluster);
  const [revision] = cluster.api.list<ControllerRevision>('controllerrevisions.apps', 'demo');
  expect(revision).toMatchObject({
    revision: 1,
    data: { spec: { template: { $patch: 'replace' } } },
  });
  expect(pod?.metadata.labels).toEqual({
    app: 'agent',
    'controller-revision-hash': revision!.metadata.labels!['controller-revision-hash'],
    'pod-template-generation': '1',
  });
  expect(pod?.spec?.tolerations?.slice(0, 6)).toEqual([
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  expect(get(cluster).status).toEqual({
    currentNumberScheduled: 2,
    desiredNumberScheduled: 2,
    numberAvailable: 2,
    numberMisscheduled: 0,
    numberReady: 2,
    observedGeneration: 1,
    updatedNumberScheduled: 2,
  });
  expect(cluster.events('agent').sort()).toEqual(
    pods(cluster)
      .map(({ metadata }) => `SuccessfulCreate: Created pod: ${metadata.name}`)
      .sort(),
  );
});

test('tolerations, a node selector and new nodes decide where pods run', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    daemonSet(
      {},
      { tolerations: [{ operator: 'Exists' }], nodeSelector: { 'kubernetes.io/os': 'linux' } },
    ),
  );
  await cluster.settled();
  expect(nodes(cluster)).toEqual(['control', 'worker1', 'worker2']);
  addNode(cluster.api, 'worker3');
  await cluster.settled();
  expect(nodes(cluster)).toContain('worker3');
  cluster.api.update('nodes', { name: 'worker1' }, (draft) => {
    draft.metadata.labels = { 'kubernetes.io/os': 'plan9' };
  });
  await cluster.settled();
  expect(nodes(cluster)).toEqual(['control', 'worker2', 'worker3']);
  cluster.api.delete('nodes', { name: 'worker3' });
  await cluster.settled();
  expect(nodes(cluster)).toEqual(['control', 'worker2']);
  expect(get(cluster).status?.desiredNumberScheduled).toBe(2);
});

test('a NoExecute taint drives daemon pods away, a NoSchedule taint does not', async () => {
  using cluster = startTestCluster();
  cluster.apply(daemonSet());
  await cluster.settled();
  const taint = (node: string, effect: string): void => {
    cluster.api.update('nodes', { name: node }, (draft) => {
      draft['spec'] = { taints: [{ key: 'mine', effect }] };
    });
  };
  taint('worker1', 'NoSchedule');
  taint('worker2', 'NoExecute');
  await cluster.settled();
  expect(nodes(cluster)).toEqual(['worker1']);
  expect(get(cluster).status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 1 });
});

test('a new template replaces pods one node at a time', async () => {
  using cluster = startTestCluster({ nodes: 5 });
  cluster.apply(daemonSet());
  await cluster.settled();
  let fewest = Infinity;
  cluster.api.watch('pods', () => {
    fewest = Math.min(
      fewest,
      pods(cluster).filter(({ status }) => status?.phase === 'Running').length,
    );
  });
  setImage(cluster, 'nginx:2');
  await cluster.settled();
  expect(fewest).toBe(3);
  expect(pods(cluster).map(({ spec }) => spec?.containers[0]?.image)).toEqual(
    Array(4).fill('nginx:2'),
  );
  expect(get(cluster).status).toMatchObject({
    updatedNumberScheduled: 4,
    numberAvailable: 4,
    observedGeneration: 2,
  });
  setImage(cluster, 'nginx');
  await cluster.settled();
  const revisions = cluster.api.list<ControllerRevision>('controllerrevisions.apps', 'demo');
  expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3]);
});

test('OnDelete waits for somebody to delete the old pod', async () => {
  using cluster = startTestCluster();
  cluster.apply(daemonSet({ updateStrategy: { type: 'OnDelete' } }));
  await cluster.settled();
  setImage(cluster, 'nginx:2');
  await cluster.settled();
  expect(get(cluster).status).not.toHaveProperty('updatedNumberScheduled');
  const [first] = pods(cluster);
  cluster.api.delete('pods', { name: first!.metadata.name, namespace: 'demo' });
  await cluster.settled();
  expect(get(cluster).status?.updatedNumberScheduled).toBe(1);
});

test('a failed pod is replaced', async () => {
  using cluster = startTestCluster();
  cluster.apply(daemonSet());
  await cluster.settled();
  const [first] = pods(cluster);
  setPodStatus(cluster.api, first!, { phase: 'Failed' });
  await cluster.settled();
  expect(nodes(cluster)).toEqual(['worker1', 'worker2']);
  expect(pods(cluster).map(({ metadata }) => metadata.uid)).not.toContain(first!.metadata.uid);
  expect(cluster.events('agent').join()).toContain(
    `FailedDaemonPod: Found failed daemon pod demo/${first!.metadata.name} on node`,
  );
});

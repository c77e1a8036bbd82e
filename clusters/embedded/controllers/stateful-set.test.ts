import type { Pod, StatefulSet } from './objects.js';
import { manifest, setPodStatus, startTestCluster, template } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const statefulSet = (spec: Record<string, unknown> = {}) =>
  manifest('StatefulSet', 'db', {
    apiVersion: 'apps/v1',
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template({ app: 'db' }),
      ...spec,
    },
  });
const get = ({ api }: TestCluster): StatefulSet =>
  api.get<StatefulSet>('statefulsets.apps', 'db', 'demo')!;
const names = ({ api }: TestCluster): string[] =>
  api.list<Pod>('pods', 'demo').map(({ metadata }) => metadata.name);
const change = (
  { api }: TestCluster,
  edit: (spec: NonNullable<StatefulSet['spec']>) => void,
): void => {
  api.update<StatefulSet>('statefulsets.apps', { name: 'db', namespace: 'demo' }, (draft) => {
    edit(draft.spec!);
  });
};
const images = ({ api }: TestCluster): (string | undefined)[] =>
  api.list<Pod>('pods', 'demo').map(({ spec }) => spec?.containers[0]?.image);

test('pods come one after the other, each with a name of its own', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(statefulSet());
  await cluster.settled();
  expect(names(cluster)).toEqual(['db-0']);
  setPodStatus(cluster.api, cluster.api.get<Pod>('pods', 'db-0', 'demo')!, { ready: false });
  await cluster.settled();
  expect(names(cluster)).toEqual(['db-0']);
  setPodStatus(cluster.api, cluster.api.get<Pod>('pods', 'db-0', 'demo')!, { ready: true });
  await cluster.settled();
  expect(names(cluster)).toEqual(['db-0', 'db-1']);
  const pod = cluster.api.get<Pod>('pods', 'db-1', 'demo')!;
  expect(pod.spec).toMatchObject({ hostname: 'db-1', subdomain: 'db' });
  expect(pod.metadata).toMatchObject({
    labels: {
      app: 'db',
      'apps.kubernetes.io/pod-index': '1',
      'controller-revision-hash': get(cluster).status?.updateRevision,
      'statefulset.kubernetes.io/pod-name': 'db-1',
    },
  });
  expect(cluster.events('db')).toEqual([
    'SuccessfulCreate: create Pod db-0 in StatefulSet db successful',
    'SuccessfulCreate: create Pod db-1 in StatefulSet db successful',
  ]);
});

test('status counts, and scaling down takes the highest first', async () => {
  using cluster = startTestCluster();
  cluster.apply(statefulSet());
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  const revision = get(cluster).status?.updateRevision;
  expect(get(cluster).status).toEqual({
    availableReplicas: 3,
    collisionCount: 0,
    currentReplicas: 3,
    currentRevision: revision,
    observedGeneration: 1,
    readyReplicas: 3,
    replicas: 3,
    updateRevision: revision,
    updatedReplicas: 3,
  });
  change(cluster, (spec) => {
    spec.replicas = 1;
  });
  await cluster.settled();
  expect(names(cluster)).toEqual(['db-0']);
  expect(cluster.events('db').slice(3)).toEqual([
    'SuccessfulDelete: delete Pod db-2 in StatefulSet db successful',
    'SuccessfulDelete: delete Pod db-1 in StatefulSet db successful',
  ]);
});

test('a lost pod comes back under its name', async () => {
  using cluster = startTestCluster();
  cluster.apply(statefulSet());
  await cluster.settled();
  const before = cluster.api.get<Pod>('pods', 'db-1', 'demo')!;
  cluster.api.delete('pods', { name: 'db-1', namespace: 'demo' });
  await cluster.settled();
  const after = cluster.api.get<Pod>('pods', 'db-1', 'demo')!;
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
});

test('a new template replaces pods from the highest down, one at a time, to the partition', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    statefulSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }),
  );
  await cluster.settled();
  const order: string[] = [];
  cluster.api.watch<Pod>('pods', ({ type, object }) => {
    if (type === 'DELETED') order.push(object.metadata.name);
  });
  change(cluster, (spec) => {
    spec.template.spec!.containers[0]!.image = 'nginx:2';
  });
  await cluster.settled();
  expect(order).toEqual(['db-2', 'db-1']);
  expect(images(cluster)).toEqual(['nginx', 'nginx:2', 'nginx:2']);
  expect(get(cluster).status?.currentRevision).not.toBe(get(cluster).status?.updateRevision);
  cluster.api.delete('pods', { name: 'db-0', namespace: 'demo' });
  await cluster.settled();
  expect(images(cluster)).toEqual(['nginx', 'nginx:2', 'nginx:2']);
  change(cluster, (spec) => {
    spec.updateStrategy!.rollingUpdate!.partition = 0;
  });
  await cluster.settled();
  expect(images(cluster)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
  expect(get(cluster).status?.currentRevision).toBe(get(cluster).status?.updateRevision);
});

test('Parallel starts all at once, and claims are made for each pod', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(
    statefulSet({
      podManagementPolicy: 'Parallel',
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    }),
  );
  await cluster.settled();
  expect(names(cluster)).toEqual(['db-0', 'db-1', 'db-2']);
  expect(
    cluster.api.list('persistentvolumeclaims', 'demo').map(({ metadata }) => metadata.name),
  ).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
  expect(cluster.api.get<Pod>('pods', 'db-2', 'demo')?.spec?.volumes).toContainEqual({
    name: 'data',
    persistentVolumeClaim: { claimName: 'data-db-2' },
  });
});

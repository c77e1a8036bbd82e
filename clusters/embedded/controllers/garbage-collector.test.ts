import type { KubeObject, NewObject, OwnerReference } from '../api/cluster-api.js';
import type { ReplicaSet } from './objects.js';
import { deployment, manifest, startTestCluster, template } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const DEMO = { namespace: 'demo' };
const count = ({ api }: TestCluster, resource: string): number => api.list(resource, 'demo').length;
const ownedBy = (owner: KubeObject, extra: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...extra,
});
const settings = (name: string, owners: OwnerReference[] = []): NewObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'demo', ownerReferences: owners },
});

test('deleting a deployment in the background takes its replica sets and pods along', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  cluster.api.delete('deployments.apps', { name: 'web', ...DEMO, propagation: 'Background' });
  expect(cluster.api.get('deployments.apps', 'web', 'demo')).toBeUndefined();
  await cluster.settled();
  expect(count(cluster, 'replicasets.apps')).toBe(0);
  expect(count(cluster, 'pods')).toBe(0);
});

test('deleting a deployment as an orphaner leaves replica sets without an owner, which a new one adopts', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  const [before] = cluster.api.list<ReplicaSet>('replicasets.apps', 'demo');
  cluster.api.delete('deployments.apps', { name: 'web', ...DEMO, propagation: 'Orphan' });
  await cluster.settled();
  expect(cluster.api.get('deployments.apps', 'web', 'demo')).toBeUndefined();
  const [orphan] = cluster.api.list<ReplicaSet>('replicasets.apps', 'demo');
  expect(orphan?.metadata.uid).toBe(before?.metadata.uid);
  expect(orphan?.metadata).not.toHaveProperty('ownerReferences');
  expect(count(cluster, 'pods')).toBe(2);
  cluster.apply(deployment('web'));
  await cluster.settled();
  const adopted = cluster.api.list<ReplicaSet>('replicasets.apps', 'demo');
  expect(adopted).toHaveLength(1);
  expect(adopted[0]?.metadata.ownerReferences).toMatchObject([
    { kind: 'Deployment', name: 'web', controller: true },
  ]);
});

test('deleting in the foreground keeps the owner until all dependents are gone', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(deployment('web'));
  await cluster.settled();
  cluster.api.delete('deployments.apps', { name: 'web', ...DEMO, propagation: 'Foreground' });
  await cluster.settled();
  const owner = cluster.api.get('deployments.apps', 'web', 'demo');
  expect(owner?.metadata.finalizers).toEqual(['foregroundDeletion']);
  const pods = cluster.api.list('pods', 'demo');
  expect(pods).toHaveLength(2);
  for (const { metadata } of pods) {
    expect(metadata.deletionTimestamp).toBeDefined();
    cluster.api.delete('pods', { name: metadata.name, ...DEMO, gracePeriodSeconds: 0 });
  }
  await cluster.settled();
  expect(count(cluster, 'replicasets.apps')).toBe(0);
  expect(cluster.api.get('deployments.apps', 'web', 'demo')).toBeUndefined();
});

test('an object with two owners lives as long as one of them', async () => {
  using cluster = startTestCluster();
  const a = cluster.api.create('configmaps', settings('a'));
  const b = cluster.api.create('configmaps', settings('b'));
  cluster.apply(settings('both', [ownedBy(a), ownedBy(b)]));
  await cluster.settled();
  cluster.api.delete('configmaps', { name: 'a', ...DEMO });
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'both', 'demo')?.metadata.ownerReferences).toMatchObject([
    { name: 'b' },
  ]);
  cluster.api.delete('configmaps', { name: 'b', ...DEMO });
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'both', 'demo')).toBeUndefined();
});

test('a dependent that another owner still needs does not hold up a foreground deletion', async () => {
  using cluster = startTestCluster();
  const a = cluster.api.create('configmaps', settings('a'));
  const b = cluster.api.create('configmaps', settings('b'));
  cluster.apply(settings('both', [ownedBy(a, { blockOwnerDeletion: true }), ownedBy(b)]));
  await cluster.settled();
  cluster.api.delete('configmaps', { name: 'a', ...DEMO, propagation: 'Foreground' });
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'a', 'demo')).toBeUndefined();
  expect(cluster.api.get('configmaps', 'both', 'demo')?.metadata.ownerReferences).toMatchObject([
    { name: 'b' },
  ]);
});

test('a circle of owners is deleted all the same', async () => {
  using cluster = startTestCluster();
  const names = ['one', 'two', 'three'];
  const objects = names.map((name) => cluster.api.create('configmaps', settings(name)));
  objects.forEach((object, i) => {
    const owner = objects[(i + 2) % 3]!;
    cluster.api.update('configmaps', { name: object.metadata.name, ...DEMO }, (draft) => {
      draft.metadata.ownerReferences = [
        ownedBy(owner, { controller: true, blockOwnerDeletion: true }),
      ];
    });
  });
  await cluster.settled();
  cluster.api.delete('configmaps', { name: 'one', ...DEMO, propagation: 'Foreground' });
  await cluster.settled();
  expect(names.map((name) => cluster.api.get('configmaps', name, 'demo'))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('an owner that never was, or was replaced by another of its name, is no owner', async () => {
  using cluster = startTestCluster();
  const real = cluster.api.create('configmaps', settings('real'));
  cluster.apply(
    settings('never', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: 'b7e2' }]),
    settings('replaced', [{ ...ownedBy(real), uid: 'another' }]),
    settings('kept', [ownedBy(real)]),
    settings('foreign', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'c0de' }]),
  );
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'never', 'demo')).toBeUndefined();
  expect(cluster.api.get('configmaps', 'replaced', 'demo')).toBeUndefined();
  expect(cluster.api.get('configmaps', 'kept', 'demo')).toBeDefined();
  // Of a kind that nobody serves nobody can say that it is gone.
  expect(cluster.api.get('configmaps', 'foreign', 'demo')).toBeDefined();
});

test('an owner in another namespace counts as absent, with a warning', async () => {
  using cluster = startTestCluster();
  const far = cluster.api.create('configmaps', {
    ...settings('far'),
    metadata: { name: 'far', namespace: 'default' },
  });
  cluster.apply(settings('near', [ownedBy(far)]));
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'near', 'demo')).toBeUndefined();
  expect(cluster.events('near')).toEqual([
    `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: demo, name: far, uid: ${far.metadata.uid}] does not exist in namespace "demo"`,
  ]);
});

test('an object owned by a cluster-wide object goes with it', async () => {
  using cluster = startTestCluster();
  const node = cluster.api.get('nodes', 'worker2')!;
  cluster.apply(settings('note', [ownedBy(node)]));
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'note', 'demo')).toBeDefined();
  cluster.api.delete('nodes', { name: 'worker2' });
  await cluster.settled();
  expect(cluster.api.get('configmaps', 'note', 'demo')).toBeUndefined();
});

test.each(['Background', 'Foreground', 'Orphan'] as const)(
  'a replication controller deleted with %s goes, and only an orphaner leaves its pods',
  async (propagation) => {
    using cluster = startTestCluster();
    cluster.apply(
      manifest('ReplicationController', 'rc', {
        apiVersion: 'v1',
        spec: { replicas: 5, selector: { app: 'rc' }, template: template({ app: 'rc' }) },
      }),
    );
    await cluster.settled();
    cluster.api.delete('replicationcontrollers', { name: 'rc', ...DEMO, propagation });
    await cluster.settled();
    expect(cluster.api.get('replicationcontrollers', 'rc', 'demo')).toBeUndefined();
    const left = cluster.api.list('pods', 'demo');
    expect(left).toHaveLength(propagation === 'Orphan' ? 5 : 0);
    for (const { metadata } of left) expect(metadata).not.toHaveProperty('ownerReferences');
  },
);

test('a replica set deleted as an orphaner leaves its pods, which nobody replaces', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    manifest('ReplicaSet', 'rs', {
      apiVersion: 'apps/v1',
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'rs' } },
        template: {
          metadata: { labels: { app: 'rs' } },
          spec: { containers: [{ name: 'c', image: 'nginx' }] },
        },
      },
    }),
  );
  await cluster.settled();
  cluster.api.delete('replicasets.apps', { name: 'rs', ...DEMO, propagation: 'Orphan' });
  await cluster.settled();
  expect(cluster.api.list('pods', 'demo').map(({ metadata }) => metadata.ownerReferences)).toEqual([
    undefined,
    undefined,
  ]);
});

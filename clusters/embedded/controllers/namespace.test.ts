import type { ConfigMap, Namespace, Pod } from './objects.js';
import { deployment, manifest, startTestCluster } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const get = ({ api }: TestCluster): Namespace | undefined =>
  api.get<Namespace>('namespaces', 'demo');

test('a new namespace has its default account and the CA from the first moment', () => {
  using cluster = startTestCluster();
  cluster.api.create('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'new' },
  });
  expect(cluster.api.get('serviceaccounts', 'default', 'new')).toBeDefined();
  expect(cluster.api.get<ConfigMap>('configmaps', 'kube-root-ca.crt', 'new')).toMatchObject({
    metadata: {
      annotations: { 'kubernetes.io/description': expect.stringContaining('CA bundle') },
    },
    data: { 'ca.crt': 'test CA' },
  });
});

test('the CA and the account come back when they are deleted or changed', async () => {
  using cluster = startTestCluster();
  const { api } = cluster;
  await cluster.settled();
  api.delete('serviceaccounts', { name: 'default', namespace: 'demo' });
  api.delete('configmaps', { name: 'kube-root-ca.crt', namespace: 'demo' });
  await cluster.settled();
  expect(api.get('serviceaccounts', 'default', 'demo')).toBeDefined();
  api.update<ConfigMap>('configmaps', { name: 'kube-root-ca.crt', namespace: 'demo' }, (draft) => {
    draft.data = { 'ca.crt': 'forged', more: 'x' };
  });
  await cluster.settled();
  expect(api.get<ConfigMap>('configmaps', 'kube-root-ca.crt', 'demo')?.data).toEqual({
    'ca.crt': 'test CA',
  });
});

test('without the hook the account comes a moment later', async () => {
  using cluster = startTestCluster({
    controllers: { server: { hook: () => undefined, admit: () => undefined } },
  });
  await cluster.settled();
  expect(cluster.api.get('serviceaccounts', 'default', 'demo')).toBeDefined();
});

test('a deleted namespace takes everything in it along', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    deployment('web'),
    manifest('Service', 'web', {
      apiVersion: 'v1',
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    }),
    manifest('NetworkPolicy', 'deny', {
      apiVersion: 'networking.k8s.io/v1',
      spec: { podSelector: {} },
    }),
  );
  await cluster.settled();
  expect(cluster.api.list('events', 'demo').length).toBeGreaterThan(0);
  cluster.api.delete('namespaces', { name: 'demo' });
  expect(get(cluster)?.status?.phase).toBe('Terminating');
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect(get(cluster)).toBeUndefined();
  for (const { name, definition } of cluster.api.registry.all()) {
    if (definition.namespaced) expect([name, cluster.api.list(name, 'demo')]).toEqual([name, []]);
  }
});

test('a terminating namespace ends its pods before anything else, waits for them and says so', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(deployment('web'));
  await cluster.settled();
  cluster.api.delete('namespaces', { name: 'demo' });
  await cluster.settled();
  const pods = cluster.api.list<Pod>('pods', 'demo');
  expect(pods.map(({ metadata }) => metadata.deletionTimestamp)).not.toContain(undefined);
  const conditions = new Map(
    get(cluster)?.status?.conditions?.map((condition) => [condition.type, condition]),
  );
  expect(conditions.get('NamespaceContentRemaining')).toMatchObject({
    status: 'True',
    reason: 'SomeResourcesRemain',
    message: expect.stringContaining('pods. has 2 resource instances'),
  });
  expect(conditions.get('NamespaceFinalizersRemaining')?.status).toBe('False');
  expect(cluster.api.get('serviceaccounts', 'default', 'demo')).toBeDefined();
  expect(cluster.api.get('deployments.apps', 'web', 'demo')).toBeDefined();
  for (const { metadata } of pods) {
    cluster.api.delete('pods', { name: metadata.name, namespace: 'demo', gracePeriodSeconds: 0 });
  }
  await cluster.settled();
  expect(get(cluster)).toBeUndefined();
});

test('a finalizer in a namespace holds it up and is named', async () => {
  using cluster = startTestCluster();
  cluster.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'held', namespace: 'demo', finalizers: ['example.com/hold'] },
  });
  await cluster.settled();
  cluster.api.delete('namespaces', { name: 'demo' });
  await cluster.settled();
  const held = get(cluster)?.status?.conditions?.find(
    ({ type }) => type === 'NamespaceFinalizersRemaining',
  );
  expect(held).toMatchObject({
    status: 'True',
    reason: 'SomeFinalizersRemain',
    message:
      'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  });
  cluster.api.update('configmaps', { name: 'held', namespace: 'demo' }, (draft) => {
    delete draft.metadata.finalizers;
  });
  await cluster.settled();
  expect(get(cluster)).toBeUndefined();
});

test('a namespace of the same name can be made right after', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  cluster.api.delete('namespaces', { name: 'demo' });
  await cluster.settled();
  cluster.api.create('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'demo' },
  });
  cluster.apply(deployment('web'));
  await cluster.settled();
  expect(cluster.api.list('pods', 'demo')).toHaveLength(2);
});

import { ApiError } from '../api/api-error.js';
import type { NewObject } from '../api/cluster-api.js';
import type { Pod, ReplicaSet, Service } from './objects.js';
import { deployment, manifest, startTestCluster } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

function startLimitedCluster(hard: Record<string, string>, scopes?: string[]): TestCluster {
  const cluster = startTestCluster();
  cluster.apply(
    manifest('ResourceQuota', 'q', { apiVersion: 'v1', spec: { hard, ...(scopes && { scopes }) } }),
  );
  return cluster;
}

function refusal(cluster: TestCluster, object: NewObject): string {
  try {
    cluster.apply(object);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'taken';
}

const pod = (name: string, resources: Record<string, unknown> = {}): NewObject =>
  manifest('Pod', name, {
    apiVersion: 'v1',
    spec: { containers: [{ name: 'c', image: 'nginx', resources }] },
  });

test('what a quota has no room for is refused in the real words', () => {
  using cluster = startLimitedCluster({ pods: '2', services: '0' });
  expect(refusal(cluster, pod('a'))).toBe('taken');
  expect(refusal(cluster, pod('b'))).toBe('taken');
  expect(refusal(cluster, pod('c'))).toBe(
    '403 pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
  );
  expect(
    refusal(
      cluster,
      manifest('Service', 's', { apiVersion: 'v1', spec: { ports: [{ port: 80 }] } }),
    ),
  ).toBe(
    '403 services "s" is forbidden: exceeded quota: q, requested: services=1, used: services=0, limited: services=0',
  );
});

test('a limited amount must be stated, and all exceeded ones are named', () => {
  using cluster = startLimitedCluster({ 'requests.cpu': '1', 'limits.memory': '1Gi' });
  expect(refusal(cluster, pod('a'))).toBe(
    '403 pods "a" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  );
  expect(
    refusal(cluster, pod('b', { requests: { cpu: '600m' }, limits: { memory: '600Mi' } })),
  ).toBe('taken');
  expect(
    refusal(cluster, pod('c', { requests: { cpu: '600m' }, limits: { memory: '600Mi' } })),
  ).toBe(
    '403 pods "c" is forbidden: exceeded quota: q, requested: limits.memory=600Mi,requests.cpu=600m, used: limits.memory=600Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1',
  );
});

test('an update that asks for more is refused, one that asks for less is taken', () => {
  using cluster = startLimitedCluster({ 'services.nodeports': '1' });
  const service = (ports: number[]) =>
    ports.map((port) => ({ name: `p${port}`, port, protocol: 'TCP' }));
  cluster.apply(
    manifest('Service', 's', {
      apiVersion: 'v1',
      spec: { type: 'NodePort', ports: service([80]) },
    }),
  );
  const change = (edit: (draft: Service) => void) => () =>
    cluster.api.update<Service>('services', { name: 's', namespace: 'demo' }, edit);
  expect(
    change((draft) => {
      draft.spec!.ports = service([80, 81]);
    }),
  ).toThrow(
    'exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
  );
  expect(
    change((draft) => {
      draft.spec!.type = 'ClusterIP';
    }),
  ).not.toThrow();
});

test('a quota of a scope leaves other pods alone', () => {
  using cluster = startLimitedCluster({ pods: '0' }, ['NotBestEffort']);
  expect(refusal(cluster, pod('a'))).toBe('taken');
  expect(refusal(cluster, pod('b', { requests: { cpu: '1m' } }))).toMatch(/^403/);
});

test('a deployment gets as many pods as there is room for, and the rest when there is more', async () => {
  using cluster = startLimitedCluster({ pods: '1' });
  cluster.apply(deployment('web', { replicas: 3 }));
  await cluster.settled();
  expect(cluster.api.list('pods', 'demo')).toHaveLength(1);
  const [set] = cluster.api.list<ReplicaSet>('replicasets.apps', 'demo');
  expect(set?.status?.conditions).toMatchObject([
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
  ]);
  expect(cluster.events(set!.metadata.name).join()).toContain(
    'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
  );
  cluster.api.update('resourcequotas', { name: 'q', namespace: 'demo' }, (draft) => {
    draft['spec'] = { hard: { pods: '5' } };
  });
  await cluster.until(() => cluster.api.list('pods', 'demo').length === 3);
});

const limits = (item: Record<string, unknown>): NewObject =>
  manifest('LimitRange', 'limits', {
    apiVersion: 'v1',
    spec: { limits: [{ type: 'Container', ...item }] },
  });

test('a limit range fills in what a container does not say, and notes it', () => {
  using cluster = startTestCluster();
  cluster.apply(
    limits({ default: { cpu: '500m', memory: '64Mi' }, defaultRequest: { cpu: '100m' } }),
  );
  cluster.apply(pod('a'), pod('b', { requests: { cpu: '200m' }, limits: { cpu: '1' } }));
  expect(cluster.api.get<Pod>('pods', 'a', 'demo')?.spec?.containers[0]?.resources).toEqual({
    limits: { cpu: '500m', memory: '64Mi' },
    requests: { cpu: '100m', memory: '64Mi' },
  });
  expect(cluster.api.get<Pod>('pods', 'a', 'demo')?.metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger': expect.stringMatching(
      /^LimitRanger plugin set: cpu(, memory)? request for container c; cpu, memory limit for container c$/,
    ),
  });
  expect(cluster.api.get<Pod>('pods', 'b', 'demo')?.spec?.containers[0]?.resources).toMatchObject({
    limits: { cpu: '1' },
    requests: { cpu: '200m' },
  });
});

test('a limit range refuses what is outside its bounds, naming each', () => {
  using cluster = startTestCluster();
  cluster.apply(
    limits({
      min: { cpu: '100m' },
      max: { cpu: '1', memory: '1Gi' },
      default: { cpu: '500m', memory: '1Gi' },
    }),
  );
  expect(refusal(cluster, pod('a', { requests: { cpu: '50m' }, limits: { cpu: '1' } }))).toBe(
    '403 pods "a" is forbidden: minimum cpu usage per Container is 100m, but request is 50m',
  );
  expect(refusal(cluster, pod('b', { limits: { cpu: '2', memory: '2Gi' } }))).toBe(
    '403 pods "b" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
  );
  expect(refusal(cluster, pod('c'))).toBe('taken');
});

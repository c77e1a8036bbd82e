import type { Endpoints, EndpointSlice, Pod, Service } from './objects.js';
import type { LoadBalancerAddresses } from './load-balancer.js';
import { manifest, startTestCluster, template } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

function pool(): LoadBalancerAddresses {
  const free = ['203.0.113.1', '203.0.113.2'];
  return {
    allocate: (_service, wanted) => {
      if (wanted === undefined) return free.shift();
      const at = free.indexOf(wanted);
      return at < 0 ? undefined : free.splice(at, 1)[0];
    },
    release: (address) => {
      free.push(address);
    },
  };
}

const service = (name: string, spec: Record<string, unknown> = {}) =>
  manifest('Service', name, {
    apiVersion: 'v1',
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  });
const address = ({ api }: TestCluster, name: string): string | undefined =>
  api.get<Service>('services', name, 'demo')?.status?.loadBalancer?.ingress?.[0]?.ip;

test('a LoadBalancer service gets an address and gives it back', async () => {
  using cluster = startTestCluster({ controllers: { loadBalancers: pool() } });
  cluster.apply(service('a'), service('b'), service('c'));
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect([address(cluster, 'a'), address(cluster, 'b'), address(cluster, 'c')]).toEqual([
    '203.0.113.1',
    '203.0.113.2',
    undefined,
  ]);
  expect(cluster.events('a')).toEqual([
    'EnsuringLoadBalancer: Ensuring load balancer',
    'EnsuredLoadBalancer: Ensured load balancer',
  ]);
  expect(cluster.events('c').at(-1)).toMatch(/^SyncLoadBalancerFailed/);
  cluster.api.delete('services', { name: 'a', namespace: 'demo' });
  await cluster.settled();
  expect(address(cluster, 'c')).toBe('203.0.113.1');
  cluster.api.update<Service>('services', { name: 'b', namespace: 'demo' }, (draft) => {
    draft.spec!.type = 'ClusterIP';
  });
  await cluster.settled();
  expect(address(cluster, 'b')).toBeUndefined();
});

test('a service that is no LoadBalancer any more gives its address back, though the API forgot it first', async () => {
  using cluster = startTestCluster({ controllers: { loadBalancers: pool() } });
  cluster.apply(service('a'), service('b'));
  await cluster.settled();
  cluster.apply(service('c'));
  await cluster.settled();
  cluster.api.update<Service>('services', { name: 'a', namespace: 'demo' }, (draft) => {
    draft.spec!.type = 'ClusterIP';
    draft.status = { loadBalancer: {} };
  });
  await cluster.settled();
  expect(address(cluster, 'c')).toBe('203.0.113.1');
  expect(cluster.events('a').at(-1)).toBe('DeletedLoadBalancer: Deleted load balancer');
});

test('without a pool it waits', async () => {
  using cluster = startTestCluster();
  cluster.apply(service('a'));
  await cluster.settled();
  expect(address(cluster, 'a')).toBeUndefined();
});

test('the service of the API server is there, with endpoints, and comes back', async () => {
  const apiServer = { clusterIp: '10.96.0.1', address: '172.18.0.2', port: 6443 };
  using cluster = startTestCluster({ controllers: { apiServer } });
  await cluster.settled();
  const { api } = cluster;
  expect(api.get<Service>('services', 'kubernetes', 'default')?.spec).toMatchObject({
    clusterIP: '10.96.0.1',
    ports: [{ name: 'https', port: 443, targetPort: 6443 }],
  });
  expect(api.get<Endpoints>('endpoints', 'kubernetes', 'default')?.subsets).toEqual([
    { addresses: [{ ip: '172.18.0.2' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
  ]);
  expect(
    api.get<EndpointSlice>('endpointslices.discovery.k8s.io', 'kubernetes', 'default'),
  ).toMatchObject({
    endpoints: [{ addresses: ['172.18.0.2'], conditions: { ready: true } }],
  });
  api.delete('services', { name: 'kubernetes', namespace: 'default' });
  api.delete('endpoints', { name: 'kubernetes', namespace: 'default' });
  await cluster.settled();
  expect(api.get('services', 'kubernetes', 'default')).toBeDefined();
  expect(api.get('endpoints', 'kubernetes', 'default')).toBeDefined();
  expect(api.list<EndpointSlice>('endpointslices.discovery.k8s.io', 'default')).toHaveLength(1);
  expect(cluster.errors).toEqual([]);
});

test('a replication controller keeps its pods, adopts and releases', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    manifest('Pod', 'stray', {
      apiVersion: 'v1',
      labels: { app: 'rc' },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    }),
    manifest('ReplicationController', 'rc', {
      apiVersion: 'v1',
      spec: { replicas: 2, selector: { app: 'rc' }, template: template({ app: 'rc' }) },
    }),
  );
  await cluster.settled();
  const pods = (): readonly Pod[] => cluster.api.list<Pod>('pods', 'demo');
  expect(pods()).toHaveLength(2);
  expect(cluster.api.get<Pod>('pods', 'stray', 'demo')?.metadata.ownerReferences).toMatchObject([
    { kind: 'ReplicationController', name: 'rc' },
  ]);
  cluster.api.update<Pod>('pods', { name: 'stray', namespace: 'demo' }, (draft) => {
    draft.metadata.labels = { app: 'free' };
  });
  await cluster.settled();
  expect(cluster.api.get<Pod>('pods', 'stray', 'demo')?.metadata).not.toHaveProperty(
    'ownerReferences',
  );
  expect(pods()).toHaveLength(3);
});

import type { Endpoints, EndpointSlice, Pod, Service } from './objects.js';
import { manifest, setPodStatus, startTestCluster } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const service = (spec: Record<string, unknown> = {}) =>
  manifest('Service', 'web', {
    apiVersion: 'v1',
    labels: { team: 'a' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  });
const pod = (name: string, spec: Record<string, unknown> = {}) =>
  manifest('Pod', name, {
    apiVersion: 'v1',
    labels: { app: 'web' },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  });
const endpoints = ({ api }: TestCluster): Endpoints | undefined =>
  api.get<Endpoints>('endpoints', 'web', 'demo');
const slices = ({ api }: TestCluster): readonly EndpointSlice[] =>
  api.list<EndpointSlice>('endpointslices.discovery.k8s.io', 'demo');
const getPod = ({ api }: TestCluster, name: string): Pod => api.get<Pod>('pods', name, 'demo')!;

test('a service has the addresses of its ready pods, in Endpoints and in one slice', async () => {
  using cluster = startTestCluster();
  cluster.apply(service(), pod('a'), pod('b'));
  await cluster.settled();
  const a = getPod(cluster, 'a');
  expect(endpoints(cluster)).toMatchObject({
    metadata: { labels: { team: 'a' } },
    subsets: [
      {
        addresses: [
          {
            ip: a.status?.podIP,
            nodeName: a.spec?.nodeName,
            targetRef: { kind: 'Pod', namespace: 'demo', name: 'a', uid: a.metadata.uid },
          },
          { targetRef: { name: 'b' } },
        ],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ],
  });
  expect(endpoints(cluster)?.subsets?.[0]).not.toHaveProperty('notReadyAddresses');
  const owner = cluster.api.get<Service>('services', 'web', 'demo')!;
  expect(slices(cluster)).toMatchObject([
    {
      metadata: {
        generateName: 'web-',
        labels: {
          team: 'a',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          'kubernetes.io/service-name': 'web',
        },
        ownerReferences: [
          {
            kind: 'Service',
            name: 'web',
            uid: owner.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: [a.status?.podIP],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: a.spec?.nodeName,
        },
        { conditions: { ready: true } },
      ],
      ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    },
  ]);
});

test('a pod that is not ready moves aside, and back', async () => {
  using cluster = startTestCluster();
  cluster.apply(service(), pod('a'));
  await cluster.settled();
  setPodStatus(cluster.api, getPod(cluster, 'a'), { ready: false });
  await cluster.settled();
  expect(endpoints(cluster)?.subsets).toMatchObject([
    { notReadyAddresses: [{ targetRef: { name: 'a' } }] },
  ]);
  expect(slices(cluster)[0]?.endpoints[0]?.conditions).toEqual({
    ready: false,
    serving: false,
    terminating: false,
  });
  const [before] = slices(cluster);
  setPodStatus(cluster.api, getPod(cluster, 'a'), { ready: true });
  await cluster.settled();
  expect(slices(cluster)[0]?.endpoints[0]?.conditions?.ready).toBe(true);
  expect(slices(cluster)[0]?.metadata.name).toBe(before?.metadata.name);
});

test('publishNotReadyAddresses shows every pod as ready', async () => {
  using cluster = startTestCluster();
  cluster.apply(service({ publishNotReadyAddresses: true, clusterIP: 'None' }), pod('a'));
  await cluster.settled();
  setPodStatus(cluster.api, getPod(cluster, 'a'), { ready: false });
  await cluster.settled();
  expect(endpoints(cluster)?.subsets).toMatchObject([
    { addresses: [{ targetRef: { name: 'a' } }] },
  ]);
  expect(slices(cluster)[0]?.endpoints[0]?.conditions).toMatchObject({
    ready: true,
    serving: false,
  });
  expect(slices(cluster)[0]?.metadata.labels).toHaveProperty(
    ['service.kubernetes.io/headless'],
    '',
  );
});

test('a terminating pod is still in the slice, as such, and no more in Endpoints', async () => {
  using cluster = startTestCluster({ kubelet: false });
  cluster.apply(service(), pod('a'));
  await cluster.settled();
  setPodStatus(cluster.api, getPod(cluster, 'a'), { ready: true, podIP: '10.244.1.9' });
  await cluster.settled();
  cluster.api.delete('pods', { name: 'a', namespace: 'demo' });
  await cluster.settled();
  expect(slices(cluster)[0]?.endpoints[0]?.conditions).toEqual({
    ready: false,
    serving: true,
    terminating: true,
  });
  expect(endpoints(cluster)).not.toHaveProperty('subsets');
});

test('a finished pod has no address any more', async () => {
  using cluster = startTestCluster();
  cluster.apply(service(), pod('a'));
  await cluster.settled();
  setPodStatus(cluster.api, getPod(cluster, 'a'), { phase: 'Succeeded' });
  await cluster.settled();
  expect(slices(cluster)[0]?.endpoints).toEqual([]);
  expect(endpoints(cluster)).not.toHaveProperty('subsets');
});

test('a named port is looked up on each pod, by protocol', async () => {
  using cluster = startTestCluster();
  const ports = (containerPort: number, protocol = 'TCP') => ({
    containers: [{ name: 'c', image: 'nginx', ports: [{ name: 'http', containerPort, protocol }] }],
  });
  cluster.apply(
    service({ ports: [{ port: 80, targetPort: 'http' }] }),
    pod('a', ports(8080)),
    pod('b', ports(9090)),
    pod('c', ports(7070, 'UDP')),
  );
  await cluster.settled();
  const seen = slices(cluster).map((slice) => [
    slice.ports?.map(({ port }) => port).join() ?? '',
    slice.endpoints.map(({ targetRef }) => targetRef?.name).join(),
  ]);
  expect(seen.sort()).toEqual([
    ['', 'c'],
    ['8080', 'a'],
    ['9090', 'b'],
  ]);
  expect(
    endpoints(cluster)
      ?.subsets?.map((subset) => subset.ports?.[0]?.port)
      .sort(),
  ).toEqual([8080, 9090]);
});

test('more than a hundred pods need a second slice, which goes when they go', async () => {
  using cluster = startTestCluster({ nodes: 4 });
  cluster.apply(service(), ...Array.from({ length: 130 }, (_, i) => pod(`p${i}`)));
  await cluster.settled();
  expect(
    slices(cluster)
      .map((slice) => slice.endpoints.length)
      .sort((a, b) => a - b),
  ).toEqual([30, 100]);
  const [small] = [...slices(cluster)].sort((a, b) => a.endpoints.length - b.endpoints.length);
  for (const { targetRef } of small!.endpoints) {
    cluster.api.delete('pods', {
      name: targetRef!.name!,
      namespace: 'demo',
      gracePeriodSeconds: 0,
    });
  }
  await cluster.settled();
  expect(slices(cluster).map((slice) => slice.endpoints.length)).toEqual([100]);
});

test('a service without pods has an empty slice, and keeps it when its ports change', async () => {
  using cluster = startTestCluster();
  cluster.apply(service());
  await cluster.settled();
  expect(slices(cluster)).toMatchObject([{ endpoints: [], ports: [] }]);
  const [first] = slices(cluster);
  cluster.apply(pod('a'));
  await cluster.settled();
  cluster.api.update<Service>('services', { name: 'web', namespace: 'demo' }, (draft) => {
    draft.spec!.ports = [{ port: 80, targetPort: 9000, protocol: 'TCP' }];
  });
  await cluster.settled();
  expect(slices(cluster)).toMatchObject([
    { metadata: { name: first!.metadata.name }, ports: [{ port: 9000 }] },
  ]);
});

test('a changed label takes a pod out, a changed selector changes all', async () => {
  using cluster = startTestCluster();
  cluster.apply(service(), pod('a'));
  await cluster.settled();
  cluster.api.update<Pod>('pods', { name: 'a', namespace: 'demo' }, (draft) => {
    draft.metadata.labels = { app: 'other' };
  });
  await cluster.settled();
  expect(slices(cluster)[0]?.endpoints).toEqual([]);
  cluster.api.update<Service>('services', { name: 'web', namespace: 'demo' }, (draft) => {
    draft.spec!.selector = { app: 'other' };
  });
  await cluster.settled();
  expect(slices(cluster)[0]?.endpoints).toHaveLength(1);
});

test('endpoints of a service without a selector are left alone, and mirrored', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    manifest('Service', 'web', { apiVersion: 'v1', spec: { ports: [{ port: 80 }] } }),
    manifest('Endpoints', 'web', {
      apiVersion: 'v1',
      subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 80, protocol: 'TCP' }] }],
    }),
  );
  await cluster.settled();
  expect(endpoints(cluster)?.subsets).toMatchObject([{ addresses: [{ ip: '192.0.2.7' }] }]);
  expect(slices(cluster)).toMatchObject([
    {
      metadata: {
        labels: {
          'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
        },
      },
      endpoints: [{ addresses: ['192.0.2.7'], conditions: { ready: true } }],
    },
  ]);
  cluster.api.delete('endpoints', { name: 'web', namespace: 'demo' });
  await cluster.settled();
  expect(slices(cluster)).toEqual([]);
});

test('deleting a service removes what was made for it; deleting what was made brings it back', async () => {
  using cluster = startTestCluster();
  cluster.apply(service(), pod('a'));
  await cluster.settled();
  const [slice] = slices(cluster);
  cluster.api.delete('endpointslices.discovery.k8s.io', {
    name: slice!.metadata.name,
    namespace: 'demo',
  });
  cluster.api.delete('endpoints', { name: 'web', namespace: 'demo' });
  await cluster.settled();
  expect(slices(cluster)).toHaveLength(1);
  expect(endpoints(cluster)).toBeDefined();
  cluster.api.delete('services', { name: 'web', namespace: 'demo' });
  await cluster.settled();
  expect(slices(cluster)).toEqual([]);
  expect(endpoints(cluster)).toBeUndefined();
});

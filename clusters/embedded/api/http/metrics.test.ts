import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';
import { runKubectl, whereKubectlIs } from '../test-support/kubectl.js';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
  await api.call('POST', '/api/v1/nodes', { body: { metadata: { name: 'n1' } } });
  const status = {
    capacity: { cpu: '2', memory: '1Gi' },
    allocatable: { cpu: '2', memory: '1Gi' },
  };
  await api.call('PATCH', '/api/v1/nodes/n1/status', {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status },
  });
  await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    body: { metadata: { name: 'default' } },
  });
  const pods = new Map<string, { name: string; nanocores: number; memoryBytes: number }[]>();
  for (const [name, containers] of [
    ['busy', ['a', 'b']],
    ['calm', ['a']],
    ['new', []],
  ] as const) {
    const pod = await api.call('POST', '/api/v1/namespaces/default/pods', {
      body: {
        metadata: { name, labels: { app: name } },
        spec: {
          nodeName: 'n1',
          containers: [
            { name: 'a', image: 'i' },
            { name: 'b', image: 'i' },
          ],
        },
      },
    });
    const { uid } = (pod.json as { metadata: { uid: string } }).metadata;
    if (containers.length === 0) continue;
    pods.set(
      uid,
      containers.map((container) => ({ name: container, nanocores: 250e6, memoryBytes: 2 ** 25 })),
    );
  }
  const report = { at: Date.parse('2026-01-02T03:04:05Z'), windowMs: 15_021, pods };
  api.server.setUsage({ usage: () => Promise.resolve(report) });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const METRICS = '/apis/metrics.k8s.io/v1beta1';

test('a pod’s figures are told container by container, with the time they were taken', async () => {
  const answer = await api.call('GET', `${METRICS}/namespaces/default/pods/calm`);
  expect(answer.json).toEqual({
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name: 'calm',
      namespace: 'default',
      labels: { app: 'calm' },
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
    timestamp: '2026-01-02T03:04:05Z',
    window: '15.021s',
    containers: [{ name: 'a', usage: { cpu: '250000000n', memory: '32768Ki' } }],
  });
});

test('pods without figures are left out, and selectors choose', async () => {
  const names = async (query: string): Promise<string[]> => {
    const answer = await api.call('GET', `${METRICS}/pods${query}`);
    const { items } = answer.json as { items: { metadata: { name: string } }[] };
    return items.map(({ metadata }) => metadata.name);
  };
  expect(await names('')).toEqual(['busy', 'calm']);
  expect(await names('?labelSelector=app=busy')).toEqual(['busy']);
  const missing = await api.call('GET', `${METRICS}/namespaces/default/pods/new`);
  expect(missing.json).toMatchObject({
    code: 404,
    message: 'podmetrics.metrics.k8s.io "default/new" not found',
  });
});

test('figures are read, never written', async () => {
  const answer = await api.call('DELETE', `${METRICS}/namespaces/default/pods/calm`);
  expect(answer.status).toBe(405);
});

whereKubectlIs('kubectl top shows them', async () => {
  const pods = await runKubectl(api, ['top', 'pods', '--containers', '--sort-by=cpu']);
  expect(pods.stdout.replaceAll(/ +/g, ' ').split('\n').slice(0, 2)).toEqual([
    'POD NAME CPU(cores) MEMORY(bytes) ',
    expect.stringMatching(/^\w+ a 250m 32Mi $/),
  ]);
  const nodes = await runKubectl(api, ['top', 'nodes']);
  expect(nodes.stdout).toMatch(/n1 +750m +37% +96Mi +9%/);
});

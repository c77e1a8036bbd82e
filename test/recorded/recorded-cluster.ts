import { valueAt } from '../../common/json.js';
import { startControllers } from '../../clusters/embedded/controllers/index.js';
import { startTestServer } from '../../clusters/embedded/api/test-support/api-client.js';
import type { TestServer } from '../../clusters/embedded/api/test-support/api-client.js';

export interface RecordedCluster extends AsyncDisposable {
  api: TestServer;
}

/** An API server with its controllers, and the objects that the recorded requests found. */
export async function startRecordedCluster(): Promise<RecordedCluster> {
  const api = await startTestServer();
  const { server } = api;
  const controllers = startControllers({
    api: server.api,
    resources: server.api.registry,
    caPem: '',
    server: server.api,
  });
  await prepare(api);
  const end = Date.now() + 5000;
  while (!controllers.idle && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    api,
    async [Symbol.asyncDispose]() {
      controllers[Symbol.dispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

/** The objects that the recorded requests found. */
async function prepare(test: TestServer): Promise<void> {
  const create = async (url: string, body: unknown): Promise<void> => {
    const answer = await test.call('POST', url, { body });
    if (answer.status !== 201) throw new Error(`${url}: ${answer.text}`);
  };
  const kubectl = 'fieldManager=kubectl-client-side-apply';
  await create(`/api/v1/namespaces?${kubectl}`, {
    metadata: {
      name: 'demo',
      labels: { team: 'a' },
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration':
          '{"apiVersion":"v1","kind":"Namespace","metadata":{"annotations":{},"labels":{"team":"a"},"name":"demo"}}\n',
      },
    },
  });
  await create(`/api/v1/namespaces/demo/limitranges?${kubectl}`, {
    metadata: { name: 'lr' },
    spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '50m' } }] },
  });
  await create(`/api/v1/namespaces/demo/resourcequotas?${kubectl}`, {
    metadata: { name: 'rq' },
    spec: { hard: { pods: '20', 'requests.cpu': '4' } },
  });
  await quotaCounted(test);
  const networking = '/apis/networking.k8s.io/v1/namespaces/demo/networkpolicies';
  await create(networking, { metadata: { name: 'default-deny' }, spec: { podSelector: {} } });
  await create('/apis/apps/v1/namespaces/demo/deployments', {
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'nginx', image: 'nginx:1.25' }] },
      },
    },
  });
  await create('/api/v1/namespaces/demo/pods', {
    metadata: { name: 'p1', labels: { app: 'p1' } },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
  });
  // With the two of web and p1 they use what the quota's recording says.
  for (const name of ['p2', 'p3', 'p4']) {
    await create('/api/v1/namespaces/demo/pods', {
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'busybox' }] },
    });
  }
  await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', shortNames: ['wd'] },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1 } } },
              },
            },
          },
          additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        },
      ],
    },
  });
  const applied = await test.call('PATCH', `${networking}/applied?fieldManager=m1`, {
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'applied' },
      spec: { podSelector: { matchLabels: { a: '1' } } },
    },
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  if (applied.status !== 201) throw new Error(applied.text);
}

async function quotaCounted({ server }: TestServer): Promise<void> {
  const counted = (): boolean =>
    valueAt(server.api.get('resourcequotas', 'rq', 'demo') ?? {}, ['status', 'used', 'pods']) !==
    undefined;
  while (!counted()) await new Promise((resolve) => setTimeout(resolve, 5));
}

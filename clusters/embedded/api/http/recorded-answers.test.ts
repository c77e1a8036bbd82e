import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findProjectRoot } from '../../../../system/project-root.js';
import { startTestServer } from '../test-support/api-client.js';
import type { Answer, TestServer } from '../test-support/api-client.js';

/**
 * Requests that a real kube-apiserver 1.32 was sent, with its answers: ours must be the same. The recordings
 * lie beside the checkout and are no part of it.
 */
const FILE = path.join(
  findProjectRoot(),
  '..',
  'shared',
  'data',
  'kube-apiserver-1.32',
  'statuses.json',
);

interface Recorded {
  case: string;
  request: { method: string; path: string; body: unknown; headers: Record<string, string> };
  status: number;
  contentType: string | null;
  response: unknown;
}

const recorded: Recorded[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : [];

/** Answers that cannot be the same, each with the reason. */
const OTHER: Readonly<Record<string, string>> = {
  'watch-old-rv': 'the recorded history of events is its own',
  'pod-change-image-ok': 'the recording ran with its own admission plugins',
  'pod-generate-name': 'the recording ran with its own admission plugins',
  'pod-quota-exceeded': 'quota is enforced by an admission plugin outside this folder',
  'deploy-empty-selector': 'decoding leaves out empty maps, which Go tells from absent ones',
  ssr: 'the recorded administrator came by token',
};

if (recorded.length === 0) {
  test.skip('our answers are those of a real server: no recordings beside this checkout', () =>
    undefined);
} else {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await prepare(server);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test.each(recorded.filter(({ case: name }) => OTHER[name] === undefined))(
    'the answer to $case is the real one',
    async ({ request, status, response }) => {
      const { ctype, ...headers } = request.headers;
      const hasBody = request.body !== '' || request.method === 'POST';
      const answer = await server.call(request.method, request.path, {
        ...(hasBody && { body: request.body }),
        headers: { ...headers, ...(ctype !== undefined && { 'content-type': ctype }) },
        ...(response !== null &&
          JSON.stringify(response).includes('system:anonymous') && { token: '' }),
      });
      expect({ status: answer.status, body: normal(bodyOf(answer)) }).toEqual({
        status,
        body: normal(response),
      });
    },
  );
}

function bodyOf(answer: Answer): unknown {
  return answer.json ?? answer.text;
}

/** Without what differs from run to run. */
function normal(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/"(resourceVersion|uid|time|creationTimestamp)":"[^"]*"/g, '"$1":"…"')
      .replace(/UID in record \([^)]*\)/g, 'UID in record (…)')
      .replace(/current: \d+/g, 'current: …'),
  );
}

/** The objects that the recorded requests found. */
async function prepare(test: TestServer): Promise<void> {
  const { server } = test;
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
  server.api.create('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'demo' },
  });
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
  server.api.update(
    'deployments.apps',
    { name: 'web', namespace: 'demo', subresource: 'status' },
    (draft) => {
      draft['status'] = { replicas: 2 };
    },
  );
  await create('/api/v1/namespaces/demo/pods', {
    metadata: { name: 'p1', labels: { app: 'p1' } },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
  });
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

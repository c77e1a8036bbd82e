/** Admission of what is no write of an object: connections, evictions, bindings, tokens, scales. */
import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';
import { FakeStreams } from '../test-support/fake-streams.js';
import { runKubectl, whereKubectlIs } from '../test-support/kubectl.js';
import { startWebhookServer } from '../test-support/webhook-server.js';
import type { WebhookServer } from '../test-support/webhook-server.js';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const DEMO = '/api/v1/namespaces/demo';
const ALL = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] };
let streams: FakeStreams;
let api: TestServer;
let hooks: WebhookServer;

beforeAll(async () => {
  streams = new FakeStreams();
  api = await startTestServer({ streams });
  hooks = await startWebhookServer('127.0.0.1');
  streams.routes.set('127.0.0.1:8443', hooks.port);
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'demo' } } });
  await api.call('POST', `${DEMO}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
  await api.call('POST', `/apis/apps/v1/namespaces/demo/replicasets`, {
    body: {
      metadata: { name: 'set' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ name: 'c', image: 'x' }] },
        },
      },
    },
  });
  for (const name of ['placed', 'free']) {
    await api.call('POST', `${DEMO}/pods`, {
      body: {
        metadata: { name },
        spec: {
          ...(name === 'placed' && { nodeName: 'n1' }),
          containers: [{ name: 'c', image: 'x' }],
        },
      },
    });
  }
  await api.call('POST', `${GROUP}/validatingwebhookconfigurations`, {
    body: {
      metadata: { name: 'see' },
      webhooks: [
        {
          name: 'see.example.com',
          clientConfig: { url: 'https://127.0.0.1:8443/see', caBundle: hooks.caBundle },
          rules: [ALL],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
  await streams[Symbol.asyncDispose]();
});

interface Action {
  what: string;
  call: [method: string, path: string, body?: object];
  status: number;
  asked: object;
}

const ACTIONS: Action[] = [
  {
    what: 'a scale',
    call: [
      'PUT',
      '/apis/apps/v1/namespaces/demo/replicasets/set/scale',
      { metadata: { name: 'set', namespace: 'demo' }, spec: { replicas: 3 } },
    ],
    status: 200,
    asked: {
      operation: 'UPDATE',
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', version: 'v1', resource: 'replicasets' },
      subResource: 'scale',
      object: { kind: 'Scale', spec: { replicas: 3 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    },
  },
  {
    what: 'a token',
    call: ['POST', `${DEMO}/serviceaccounts/default/token`, { spec: { expirationSeconds: 700 } }],
    status: 201,
    asked: {
      operation: 'CREATE',
      kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      name: 'default',
      subResource: 'token',
      object: { kind: 'TokenRequest', spec: { expirationSeconds: 700 } },
      oldObject: null,
    },
  },
  {
    what: 'a binding',
    call: ['POST', `${DEMO}/pods/free/binding`, { target: { kind: 'Node', name: 'n1' } }],
    status: 201,
    asked: {
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Binding' },
      name: 'free',
      subResource: 'binding',
      object: { target: { name: 'n1' } },
    },
  },
  {
    what: 'a connection through the server',
    call: ['GET', `${DEMO}/pods/placed:80/proxy/some/page`],
    status: 503,
    asked: {
      operation: 'CONNECT',
      kind: { group: '', version: 'v1', kind: 'PodProxyOptions' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: 'proxy',
      object: { kind: 'PodProxyOptions', apiVersion: 'v1', path: '/some/page' },
      oldObject: null,
      options: null,
    },
  },
  {
    what: 'an eviction, and not its deletion,',
    call: ['POST', `${DEMO}/pods/placed/eviction`, { metadata: { name: 'placed' } }],
    status: 201,
    asked: {
      operation: 'CREATE',
      kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
      name: 'placed',
      subResource: 'eviction',
      object: { kind: 'Eviction', metadata: { name: 'placed', namespace: 'demo' } },
    },
  },
];

test.each(ACTIONS)(
  'a webhook is asked about $what and may refuse it',
  async ({ call, status, asked }) => {
    const [method, path, body] = call;
    const options = body === undefined ? {} : { body };
    hooks.asked.length = 0;
    hooks.answers.set('/see', () => ({ allowed: false, status: { message: 'no' } }));
    const refused = await api.call(method, path, options);
    expect([refused.status, Reflect.get(Object(refused.json), 'message')]).toEqual([
      400,
      'admission webhook "see.example.com" denied the request: no',
    ]);
    hooks.answers.set('/see', () => ({ allowed: true }));
    expect((await api.call(method, path, options)).status).toBe(status);
    expect(hooks.asked.map(({ review }) => review.request)).toMatchObject([asked, asked]);
  },
);

test('a node has nobody who answers through the server', async () => {
  await api.call('POST', '/api/v1/nodes', { body: { metadata: { name: 'n1' } } });
  hooks.answers.set('/see', () => ({ allowed: true }));
  const message = async (node: string): Promise<unknown> =>
    Reflect.get(
      Object((await api.call('GET', `/api/v1/nodes/${node}/proxy/healthz`)).json),
      'message',
    );
  expect([await message('n1'), await message('n2')]).toEqual([
    'error trying to reach service: dial tcp n1:10250: connect: connection refused',
    'nodes "n2" not found',
  ]);
});

whereKubectlIs('a policy may forbid exec, by what is to be run', async () => {
  await api.call('POST', `${GROUP}/validatingadmissionpolicies`, {
    body: {
      metadata: { name: 'no-shell' },
      spec: {
        matchConstraints: {
          resourceRules: [{ ...ALL, operations: ['CONNECT'], resources: ['pods/exec'] }],
        },
        validations: [
          { expression: "object.command[0] != 'sh'", message: 'no shells', reason: 'Forbidden' },
        ],
      },
    },
  });
  await api.call('POST', `${GROUP}/validatingadmissionpolicybindings`, {
    body: {
      metadata: { name: 'b' },
      spec: { policyName: 'no-shell', validationActions: ['Deny'] },
    },
  });
  const exec = (...command: string[]) =>
    runKubectl(api, ['exec', '-n', 'demo', 'free', '--', ...command]);
  const refused = await exec('sh', '-c', 'id');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain(
    `pods "free" is forbidden: ValidatingAdmissionPolicy 'no-shell' with binding 'b' denied request: no shells`,
  );
  expect((await exec('both')).stdout).toBe('out\n');
});

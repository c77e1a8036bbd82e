import { startTestServer } from '../test-support/api-client.js';
import type { Answer, TestServer } from '../test-support/api-client.js';

let api: TestServer;
let token: string;
beforeAll(async () => {
  api = await startTestServer();
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'demo' } } });
  await api.call('POST', '/api/v1/namespaces/demo/serviceaccounts', {
    body: { metadata: { name: 'robot' } },
  });
  token = api.server.serviceAccountToken('demo', 'robot');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
const robot = 'system:serviceaccount:demo:robot';

test('nobody sees health and version, and nothing else', async () => {
  const anonymous = { token: '' };
  for (const path of ['/healthz', '/livez', '/readyz', '/version']) {
    expect((await api.call('GET', path, anonymous)).status).toBe(200);
  }
  const discovery = await api.call('GET', '/apis', anonymous);
  expect(discovery.status).toBe(403);
  expect(message(discovery)).toBe('forbidden: User "system:anonymous" cannot get path "/apis"');
});

test('a token that is none is not taken for nobody', async () => {
  for (const wrong of ['x', `${token}x`, token.replace(/\..*\./, '.e30.')]) {
    expect((await api.call('GET', '/version', { token: wrong })).status).toBe(401);
  }
});

test('a ServiceAccount may do what its roles say, in their namespace', async () => {
  const pods = '/api/v1/namespaces/demo/pods';
  const before = await api.call('GET', pods, { token });
  expect(before.status).toBe(403);
  expect(message(before)).toBe(
    `pods is forbidden: User "${robot}" cannot list resource "pods" in API group "" in the namespace "demo"`,
  );
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/demo';
  await api.call('POST', `${rbac}/rolebindings`, {
    body: {
      metadata: { name: 'robot-views' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'demo' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    },
  });
  expect((await api.call('GET', pods, { token })).status).toBe(200);
  expect((await api.call('GET', '/api/v1/namespaces/default/pods', { token })).status).toBe(403);
  expect((await api.call('GET', '/api/v1/namespaces/demo/secrets', { token })).status).toBe(403);
  const created = await api.call('POST', pods, { token, body: { metadata: { name: 'x' } } });
  expect(message(created)).toBe(
    `pods is forbidden: User "${robot}" cannot create resource "pods" in API group "" in the namespace "demo"`,
  );
});

test('names in a role limit it to those objects', async () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/demo';
  await api.call('POST', `${rbac}/roles`, {
    body: {
      metadata: { name: 'one-secret' },
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['get'] }],
    },
  });
  await api.call('POST', `${rbac}/rolebindings`, {
    body: {
      metadata: { name: 'one-secret' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'demo' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'one-secret' },
    },
  });
  expect((await api.call('GET', '/api/v1/namespaces/demo/secrets/mine', { token })).status).toBe(
    404,
  );
  expect((await api.call('GET', '/api/v1/namespaces/demo/secrets/other', { token })).status).toBe(
    403,
  );
});

test('a user asks what it may do and who it is', async () => {
  const ask = (verb: string, resource: string) =>
    api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      token,
      body: { spec: { resourceAttributes: { namespace: 'demo', verb, resource } } },
    });
  expect((await ask('list', 'pods')).json).toMatchObject({ status: { allowed: true } });
  expect((await ask('delete', 'pods')).json).toMatchObject({ status: { allowed: false } });
  const self = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    token,
    body: {},
  });
  expect(self.json).toMatchObject({
    status: {
      userInfo: {
        username: robot,
        groups: expect.arrayContaining(['system:serviceaccounts:demo']),
      },
    },
  });
});

test('an administrator may speak as somebody else', async () => {
  const as = { 'impersonate-user': 'jane', 'impersonate-group': 'dev' };
  const answer = await api.call('GET', '/api/v1/nodes', { headers: as });
  expect(message(answer)).toBe(
    'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
  );
  const refused = await api.call('GET', '/api/v1/nodes', { headers: as, token });
  expect(message(refused)).toBe(
    `users "jane" is forbidden: User "${robot}" cannot impersonate resource "users" in API group "" at the cluster scope`,
  );
});

test('a token ends with its account, its pod and its time', async () => {
  const accounts = '/api/v1/namespaces/demo/serviceaccounts';
  await api.call('POST', accounts, { body: { metadata: { name: 'brief' } } });
  const requested = await api.call('POST', `${accounts}/brief/token`, {
    body: { spec: { expirationSeconds: 600 } },
  });
  const brief = (requested.json as { status: { token: string } }).status.token;
  const bound = api.server.serviceAccountToken('demo', 'brief', {
    pod: { name: 'gone', uid: '1' },
  });
  const other = api.server.serviceAccountToken('demo', 'brief', { audience: 'vault' });
  expect((await api.call('GET', '/apis', { token: brief })).status).toBe(200);
  expect((await api.call('GET', '/apis', { token: bound })).status).toBe(401);
  expect((await api.call('GET', '/apis', { token: other })).status).toBe(401);
  await api.call('DELETE', `${accounts}/brief`);
  expect((await api.call('GET', '/apis', { token: brief })).status).toBe(401);
  expect(() => api.server.serviceAccountToken('demo', 'brief')).toThrow(
    'serviceaccounts "brief" not found',
  );
});

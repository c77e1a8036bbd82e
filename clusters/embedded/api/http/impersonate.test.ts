import { startTestServer } from '../test-support/api-client.js';
import type { Answer, TestServer } from '../test-support/api-client.js';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
async function whoami(headers: Record<string, string>): Promise<unknown> {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const answer = await api.call('POST', path, { body: {}, headers });
  return (answer.json as { status?: { userInfo?: unknown } }).status?.userInfo;
}

test('user, groups, uid and extras are those of the headers', async () => {
  expect(
    await whoami({
      'impersonate-user': 'jane',
      'impersonate-group': 'a,b',
      'impersonate-uid': '7',
      'impersonate-extra-example.com%2fscopes': 'view',
    }),
  ).toEqual({
    username: 'jane',
    uid: '7',
    groups: ['a,b', 'system:authenticated'],
    extra: { 'example.com/scopes': ['view'] },
  });
});

test('a ServiceAccount has its groups unless others are named, and nobody is not authenticated', async () => {
  const user = 'system:serviceaccount:demo:robot';
  expect(await whoami({ 'impersonate-user': user })).toEqual({
    username: user,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:demo', 'system:authenticated'],
  });
  expect(await whoami({ 'impersonate-user': user, 'impersonate-group': 'x' })).toMatchObject({
    groups: ['x', 'system:authenticated'],
  });
  const nobody = await api.call('GET', '/api', {
    headers: { 'impersonate-user': 'system:anonymous' },
  });
  expect(message(nobody)).toBe('forbidden: User "system:anonymous" cannot get path "/api"');
});

test('each part of another identity is a right of its own', async () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await api.call('POST', `${rbac}/clusterroles`, {
    body: {
      metadata: { name: 'speaker' },
      rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }],
    },
  });
  await api.call('POST', `${rbac}/clusterrolebindings`, {
    body: {
      metadata: { name: 'speaker' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'speaker' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'speaker' },
    },
  });
  await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    body: { metadata: { name: 'speaker' } },
  });
  const token = api.server.serviceAccountToken('default', 'speaker');
  const ask = async (headers: Record<string, string>): Promise<unknown> =>
    message(
      await api.call('GET', '/api/v1/pods', {
        token,
        headers: { 'impersonate-user': 'jane', ...headers },
      }),
    );
  const me = 'User "system:serviceaccount:default:speaker" cannot impersonate resource';
  expect(await ask({})).toContain('User "jane" cannot list resource "pods"');
  expect(await ask({ 'impersonate-group': 'dev' })).toBe(
    `groups "dev" is forbidden: ${me} "groups" in API group "" at the cluster scope`,
  );
  expect(await ask({ 'impersonate-uid': '7' })).toBe(
    `uids.authentication.k8s.io "7" is forbidden: ${me} "uids" in API group "authentication.k8s.io" at the cluster scope`,
  );
  expect(await ask({ 'impersonate-extra-scopes': 'all' })).toBe(
    `userextras.authentication.k8s.io "all" is forbidden: ${me} "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope`,
  );
  expect(await ask({ 'impersonate-user': 'system:serviceaccount:demo:robot' })).toBe(
    `serviceaccounts "robot" is forbidden: ${me} "serviceaccounts" in API group "" in the namespace "demo"`,
  );
});

test('a group of another user without the user is refused', async () => {
  const answer = await api.call('GET', '/api/v1/pods', { headers: { 'impersonate-group': 'dev' } });
  expect(answer.status).toBe(500);
});

import { startTestServer } from '../test-support/api-client.js';
import type { Answer, TestServer } from '../test-support/api-client.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
  await post('clusterroles', {
    metadata: { name: 'author' },
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
        verbs: ['create', 'update', 'get'],
      },
      { apiGroups: [''], resources: ['pods', '*/status'], verbs: ['get', 'list'] },
    ],
  });
  await post('clusterrolebindings', {
    metadata: { name: 'author' },
    subjects: [{ kind: 'User', name: 'bob' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'author' },
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const bob = { 'impersonate-user': 'bob' };
const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
const post = (path: string, body: object, headers = {}): Promise<Answer> =>
  api.call('POST', `${RBAC}/${path}`, { body, headers });
const role = (name: string, ...rules: object[]): object => ({ metadata: { name }, rules });
const binding = (name: string, kind: string, role: string): object => ({
  metadata: { name },
  subjects: [{ kind: 'User', name: 'eve' }],
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
});

test('nobody writes a role with more rights than his own', async () => {
  const more = role(
    'more',
    { apiGroups: [''], resources: ['pods', 'secrets'], verbs: ['get', 'watch'] },
    { apiGroups: [''], resources: ['pods/status'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['x'], verbs: ['get'] },
  );
  const answer = await post('namespaces/default/roles', more, bob);
  expect(answer.status).toBe(403);
  expect(message(answer)).toBe(
    'roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["watch"]}\n' +
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "watch"]}\n' +
      '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["x"], Verbs:["get"]}',
  );
  const paths = role('paths', { nonResourceURLs: ['/metrics'], verbs: ['get'] });
  expect(message(await post('clusterroles', paths, bob))).toContain(
    '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
  );
});

test('a role within one’s own rights is written, and may not grow later', async () => {
  const rule = { apiGroups: [''], resources: ['pods'], verbs: ['list'] };
  const created = await post('namespaces/default/roles', role('some', rule), bob);
  expect(created.status).toBe(201);
  const path = `${RBAC}/namespaces/default/roles/some`;
  const stored = created.json as { metadata: object; rules: object[] };
  const labelled = { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } };
  expect((await api.call('PUT', path, { body: labelled, headers: bob })).status).toBe(200);
  const grown = role('some', { ...rule, resources: ['*'] });
  expect((await api.call('PUT', path, { body: grown, headers: bob })).status).toBe(403);
});

test('nobody binds a role that holds more than his own rights, unless he may bind it', async () => {
  const path = 'namespaces/default/rolebindings';
  const refused = await post(path, binding('give', 'ClusterRole', 'view'), bob);
  expect(message(refused)).toMatch(
    /^rolebindings\.rbac\.authorization\.k8s\.io "give" is forbidden: user "bob" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups/,
  );
  expect(message(await post(path, binding('give', 'Role', 'none'), bob))).toBe(
    'roles.rbac.authorization.k8s.io "none" not found',
  );
  expect((await post(path, binding('own', 'ClusterRole', 'author'), bob)).status).toBe(201);
  await post(
    'clusterroles',
    role('binder', {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      resourceNames: ['view'],
      verbs: ['bind'],
    }),
  );
  await post('clusterrolebindings', {
    ...binding('binder', 'ClusterRole', 'binder'),
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  expect((await post(path, binding('give', 'ClusterRole', 'view'), bob)).status).toBe(201);
});

test('who may escalate may write any role, and only full rights gather others', async () => {
  const gathering = {
    metadata: { name: 'gather' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  };
  expect(message(await post('clusterroles', gathering, bob))).toBe(
    'clusterroles.rbac.authorization.k8s.io "gather" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  );
  await post(
    'clusterroles',
    role('escalator', {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      verbs: ['escalate'],
    }),
  );
  await post('clusterrolebindings', {
    ...binding('escalator', 'ClusterRole', 'escalator'),
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  expect((await post('clusterroles', gathering, bob)).status).toBe(201);
});

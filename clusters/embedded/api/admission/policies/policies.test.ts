import { startTestServer } from '../../test-support/api-client.js';
import type { Answer, TestServer } from '../../test-support/api-client.js';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/demo/configmaps';
let api: TestServer;
beforeEach(async () => {
  api = await startTestServer();
  await api.call('POST', '/api/v1/namespaces', {
    body: { metadata: { name: 'demo', labels: { env: 'prod' } } },
  });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
const CONFIG_MAPS = {
  resourceRules: [
    {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      resources: ['configmaps'],
    },
  ],
};

async function policy(spec: object, binding: object = {}): Promise<Answer> {
  const made = await api.call('POST', `${GROUP}/validatingadmissionpolicies`, {
    body: { metadata: { name: 'p' }, spec: { matchConstraints: CONFIG_MAPS, ...spec } },
  });
  await api.call('POST', `${GROUP}/validatingadmissionpolicybindings`, {
    body: {
      metadata: { name: 'b' },
      spec: { policyName: 'p', validationActions: ['Deny'], ...binding },
    },
  });
  return made;
}

const create = (data: Record<string, string>, name = 'x'): Promise<Answer> =>
  api.call('POST', MAPS, { body: { metadata: { name }, data } });

test('a bound policy denies what its validations say no to', async () => {
  await policy({
    validations: [
      { expression: 'size(object.data) <= 1' },
      { expression: '"a" in object.data', message: 'a is needed', reason: 'Forbidden' },
    ],
  });
  expect((await create({ a: '1' }, 'good')).status).toBe(201);
  const large = await create({ a: '1', b: '2' });
  expect(large.json).toMatchObject({
    code: 422,
    reason: 'Invalid',
    message:
      "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: size(object.data) <= 1",
    details: {
      name: 'x',
      kind: 'configmaps',
      causes: [
        {
          message:
            "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: size(object.data) <= 1",
        },
      ],
    },
  });
  const other = await create({ b: '1' });
  expect([other.status, message(other)]).toEqual([
    403,
    "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: a is needed",
  ]);
});

test('variables, old objects, the user and the namespace can be spoken of', async () => {
  await policy({
    matchConditions: [{ name: 'people', expression: 'request.userInfo.username == "jane"' }],
    variables: [
      { name: 'keys', expression: 'object == null ? 0 : size(object.data)' },
      { name: 'more', expression: 'variables.keys + 1' },
    ],
    validations: [
      {
        expression: 'request.operation != "UPDATE" || variables.more > size(oldObject.data)',
        messageExpression: '"of " + string(size(oldObject.data)) + " keys some are gone"',
      },
      {
        expression:
          'request.operation != "DELETE" || namespaceObject.metadata.labels.env != "prod"',
        message: 'nothing is deleted in production',
      },
    ],
  });
  await create({ a: '1', b: '2' });
  await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      metadata: { name: 'jane' },
      subjects: [{ kind: 'User', name: 'jane' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    },
  });
  const as = (user: string) => ({ 'impersonate-user': user });
  const fewer = { body: { metadata: { name: 'x' }, data: { a: '1' } } };
  const update = await api.call('PUT', `${MAPS}/x`, { ...fewer, headers: as('jane') });
  expect(message(update)).toContain('denied request: of 2 keys some are gone');
  const remove = await api.call('DELETE', `${MAPS}/x`, { headers: as('jane') });
  expect(message(remove)).toContain('nothing is deleted in production');
  expect((await api.call('PUT', `${MAPS}/x`, fewer)).status).toBe(200);
  expect((await api.call('DELETE', `${MAPS}/x`)).status).toBe(200);
});

test('what a user may do elsewhere can be asked', async () => {
  await policy({
    validations: [
      {
        expression:
          'authorizer.requestResource.check("approve").allowed() || authorizer.group("").resource("nodes").check("list").allowed()',
        message: 'only for those who see nodes',
      },
    ],
  });
  expect((await create({})).status).toBe(201);
  await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings', {
    body: {
      metadata: { name: 'jane' },
      subjects: [{ kind: 'User', name: 'jane' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    },
  });
  const answer = await api.call('POST', MAPS, {
    body: { metadata: { name: 'y' } },
    headers: { 'impersonate-user': 'jane' },
  });
  expect(message(answer)).toContain('only for those who see nodes');
});

test('a binding may warn instead, and chooses by labels', async () => {
  await policy(
    { validations: [{ expression: 'false', message: 'not liked' }] },
    {
      validationActions: ['Warn', 'Audit'],
      matchResources: { namespaceSelector: { matchLabels: { env: 'prod' } } },
    },
  );
  const warned = await create({});
  expect(warned.status).toBe(201);
  expect(warned.headers['warning']).toBe(
    "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': not liked\"",
  );
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'other' } } });
  const elsewhere = await api.call('POST', '/api/v1/namespaces/other/configmaps', {
    body: { metadata: { name: 'x' } },
  });
  expect(elsewhere.headers['warning']).toBeUndefined();
});

test('parameters come from the objects that the binding names', async () => {
  await policy(
    {
      paramKind: { apiVersion: 'v1', kind: 'Secret' },
      validations: [
        {
          expression: 'size(object.data) <= int(params.metadata.annotations.limit)',
          messageExpression: '"at most " + params.metadata.annotations.limit',
        },
      ],
    },
    { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } },
  );
  expect(message(await create({}))).toContain(
    'denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
  );
  await api.call('POST', '/api/v1/namespaces/demo/secrets', {
    body: { metadata: { name: 'limit', annotations: { limit: '1' } } },
  });
  expect((await create({ a: '1' })).status).toBe(201);
  expect(message(await create({ a: '1', b: '1' }, 'y'))).toContain('denied request: at most 1');
});

test('an error denies, unless the policy’s failures are to be ignored', async () => {
  await policy({ validations: [{ expression: 'object.data.missing == "x"' }] });
  expect(message(await create({ a: '1' }))).toContain(
    'denied request: expression \'object.data.missing == "x"\' resulted in error: no such key: missing',
  );
  await api.call('PATCH', `${GROUP}/validatingadmissionpolicies/p`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { failurePolicy: 'Ignore' } },
  });
  expect((await create({ a: '1' })).status).toBe(201);
});

test('loops over loops do not hold the server up', async () => {
  await policy({
    validations: [
      {
        expression:
          'object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a + b + c + d != ""))))',
      },
    ],
  });
  const data = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'v']));
  expect(message(await create(data))).toContain('running out of cost budget');
});

test('a policy whose expressions cannot be compiled is refused', async () => {
  const answer = await policy({
    variables: [{ name: 'v', expression: 'object.' }],
    validations: [{ expression: 'bogus > 1' }],
    matchConditions: [{ name: 'c', expression: 'variables.v' }],
  });
  const { causes } = (answer.json as { details: { causes: { field: string; message: string }[] } })
    .details;
  expect(causes.map(({ field }) => field)).toEqual([
    'spec.variables[0].expression',
    'spec.validations[0].expression',
    'spec.matchConditions[0].expression',
  ]);
  expect(causes[1]?.message).toBe(
    "Invalid value: \"bogus > 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'bogus' (in container '')\n | bogus > 1\n | ^",
  );
});

test('policies never stand in the way of policies', async () => {
  await policy({
    matchConstraints: {
      resourceRules: [
        { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*', '*/*'] },
      ],
    },
    validations: [{ expression: 'false' }],
  });
  expect((await create({})).status).toBe(422);
  const gone = await api.call('DELETE', `${GROUP}/validatingadmissionpolicybindings/b`);
  expect(gone.status).toBe(200);
  expect((await create({})).status).toBe(201);
});

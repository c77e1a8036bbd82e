import { createCaller, type Answer, type CallOptions } from '../../test-support/api-client.js';
import { patching } from '../../test-support/webhook-server.js';
import {
  add,
  CONFIG_MAPS,
  dataOf,
  webhookSuite,
  MAPS,
  messageOf,
  WEBHOOKS,
} from '../../test-support/webhook-suite.js';

const suite = webhookSuite();

test('a validating webhook behind a Service is asked about each write, and sees all of it', async () => {
  expect((await suite.register('validating', suite.webhook('see'))).status).toBe(201);
  await suite.create('x', { data: { a: '1' } });
  await suite.api.call('PATCH', `${MAPS}/x`, {
    body: { data: { a: '2' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  await suite.api.call('DELETE', `${MAPS}/x`);
  const requests = suite.hooks.asked.map(({ review }) => review.request);
  expect(requests.map(({ operation, name }) => `${operation} ${name}`)).toEqual([
    'CREATE x',
    'UPDATE x',
    'DELETE x',
  ]);
  expect(requests[0]).toMatchObject({
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    namespace: 'demo',
    userInfo: { username: 'kubernetes-admin' },
    object: { kind: 'ConfigMap', data: { a: '1' }, metadata: { uid: expect.any(String) } },
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  });
  expect(requests[1]).toMatchObject({
    object: { data: { a: '2' } },
    oldObject: { data: { a: '1' } },
  });
  expect(requests[2]).toMatchObject({ object: null, oldObject: { data: { a: '2' } } });
});

interface Refusal {
  what: string;
  answer: object;
  code: number;
  text: string;
}

test.each<Refusal>([
  {
    what: 'with a reason of its own',
    answer: { status: { message: 'not like this', code: 422, reason: 'Invalid' } },
    code: 422,
    text: 'admission webhook "no.example.com" denied the request: not like this',
  },
  {
    what: 'with a reason alone',
    answer: { status: { reason: 'Forbidden' } },
    code: 400,
    text: 'admission webhook "no.example.com" denied the request: Forbidden',
  },
  {
    what: 'without a word, and with a status that is no refusal',
    answer: { status: { code: 200, status: 'Success' } },
    code: 400,
    text: 'admission webhook "no.example.com" denied the request without explanation',
  },
])('a denial $what is told', async ({ answer, code, text }) => {
  suite.hooks.answers.set('/no', () => ({ allowed: false, ...answer }));
  await suite.register('validating', suite.webhook('no'));
  const denied = await suite.create('x');
  expect([denied.status, messageOf(denied)]).toEqual([code, text]);
  expect((await suite.api.call('GET', `${MAPS}/x`)).status).toBe(404);
});

test('mutating webhooks change the object one after the other, within what is theirs to change', async () => {
  suite.hooks.answers.set('/one', () =>
    patching(
      add('one', '1'),
      { op: 'add', path: '/metadata/labels', value: { seen: 'yes' } },
      { op: 'replace', path: '/metadata/name', value: 'other' },
      { op: 'add', path: '/metadata/uid', value: 'mine' },
      { op: 'add', path: '/unknown', value: 1 },
    ),
  );
  suite.hooks.answers.set('/two', ({ request }) =>
    patching(add('two', String(Object.keys(request.object?.['data'] ?? {})))),
  );
  await suite.register('mutating', suite.webhook('one'), suite.webhook('two'));
  const made = await suite.create('x', { data: { a: '0' } });
  expect(made.json).toMatchObject({
    metadata: { name: 'x', labels: { seen: 'yes' }, uid: expect.stringMatching(/-.*-/) },
    data: { a: '0', one: '1', two: 'a,one' },
  });
  expect(made.json).not.toHaveProperty('unknown');
  expect(suite.hooks.asked[0]?.review.request.object?.metadata).not.toHaveProperty('uid');
});

test('a name of the server’s making is not told to mutating webhooks', async () => {
  await suite.register('mutating', suite.webhook('one'));
  await suite.api.call('POST', MAPS, { body: { metadata: { generateName: 'x-' } } });
  const [{ review } = { review: undefined }] = suite.hooks.asked;
  expect([review?.request.name, review?.request.object?.metadata['name']]).toEqual(['', undefined]);
});

test('a webhook that wants to is asked again where a later one changed something, once', async () => {
  suite.hooks.answers.set('/late', () => patching(add('late', '1')));
  await suite.register(
    'mutating',
    suite.webhook('never'),
    suite.webhook('again', { reinvocationPolicy: 'IfNeeded' }),
    suite.webhook('late'),
    suite.webhook('after', { reinvocationPolicy: 'IfNeeded' }),
  );
  await suite.create('x', { data: { a: '0' } });
  expect(suite.paths).toEqual(['/never', '/again', '/late', '/after', '/again']);
  expect(suite.hooks.asked.at(-1)?.review.request.object).toMatchObject({ data: { late: '1' } });
});

test('defaults, limits and validation hold for what a webhook wrote', async () => {
  suite.hooks.answers.set('/bad', () =>
    patching({ op: 'add', path: '/data', value: { 'a/b': 'x' } }),
  );
  suite.hooks.answers.set('/no-object', () =>
    patching({ op: 'replace', path: '/data', value: 'text' }),
  );
  await suite.register(
    'mutating',
    suite.webhook('bad', { objectSelector: { matchLabels: { which: 'bad' } } }),
    suite.webhook('no-object', { objectSelector: { matchLabels: { which: 'none' } } }),
  );
  const bad = await suite.create('x', {
    metadata: { name: 'x', labels: { which: 'bad' } },
    data: { a: '0' },
  });
  expect([bad.status, messageOf(bad)]).toEqual([
    422,
    expect.stringContaining('data[a/b]: Invalid value'),
  ]);
  const none = await suite.create('x', {
    metadata: { name: 'x', labels: { which: 'none' } },
    data: { a: '0' },
  });
  expect([none.status, messageOf(none)]).toEqual([
    500,
    expect.stringMatching(/^Internal error occurred: /),
  ]);
});

test('only what the rules, selectors and conditions speak of is asked', async () => {
  const conditions = (expression: string): object => ({
    matchConditions: [{ name: 'c', expression }],
  });
  await suite.register(
    'validating',
    suite.webhook('all'),
    suite.webhook('updates', { rules: [{ ...CONFIG_MAPS, operations: ['UPDATE'] }] }),
    suite.webhook('secrets', { rules: [{ ...CONFIG_MAPS, resources: ['secrets'] }] }),
    suite.webhook('cluster', { rules: [{ ...CONFIG_MAPS, resources: ['*'], scope: 'Cluster' }] }),
    suite.webhook('prod', { namespaceSelector: { matchLabels: { env: 'prod' } } }),
    suite.webhook('test', { namespaceSelector: { matchLabels: { env: 'test' } } }),
    suite.webhook('labelled', {
      objectSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    }),
    suite.webhook('met', conditions('object.metadata.name == "x" && !request.dryRun')),
    suite.webhook('unmet', conditions('request.userInfo.username == "jane"')),
    suite.webhook('unsure', {
      ...conditions('object.data.nothing == "1"'),
      failurePolicy: 'Ignore',
    }),
    suite.webhook('none', { rules: [] }),
  );
  expect((await suite.create('x')).status).toBe(201);
  expect(suite.paths.sort()).toEqual(['/all', '/met', '/prod']);
});

test('a condition that cannot be told refuses, and is not accepted where it is no expression', async () => {
  const failing = { matchConditions: [{ name: 'c', expression: 'object.data.nothing == "1"' }] };
  await suite.register('validating', suite.webhook('unsure', failing));
  const answer = await suite.create('x', { data: { a: '0' } });
  expect([answer.status, messageOf(answer)]).toEqual([
    403,
    `configmaps "x" is forbidden: expression 'object.data.nothing == "1"' resulted in error: no such key: nothing`,
  ]);
  const wrong = await suite.register(
    'mutating',
    suite.webhook('x', { matchConditions: [{ name: 'c', expression: 'nobody' }] }),
  );
  expect(messageOf(wrong)).toContain("undeclared reference to 'nobody'");
});

test('a url is called as a Service is', async () => {
  suite.hooks.answers.set('/it', () => ({ allowed: false }));
  const clientConfig = { url: 'https://127.0.0.1:8443/it', caBundle: suite.hooks.caBundle };
  await suite.register('validating', suite.webhook('it', { clientConfig }));
  expect(messageOf(await suite.create('x'))).toContain('denied the request without explanation');
});

test('a dry run is asked about as one, and changes nothing', async () => {
  suite.hooks.answers.set('/it', () => patching(add('a', '1')));
  await suite.register('mutating', suite.webhook('it', { sideEffects: 'NoneOnDryRun' }));
  const tried = await suite.create('x', { data: { a: '0' } }, '?dryRun=All');
  expect([tried.status, dataOf(tried)]).toEqual([201, { a: '1' }]);
  expect(suite.hooks.asked[0]?.review.request.dryRun).toBe(true);
  expect((await suite.api.call('GET', `${MAPS}/x`)).status).toBe(404);
});

test('warnings reach the client, shortened and harmless', async () => {
  const warnings = ['be careful', `a\r\nSet-Cookie: b ${'x'.repeat(9999)}`, 7, ''];
  suite.hooks.answers.set('/it', () => ({ warnings }));
  await suite.register('validating', suite.webhook('it'));
  const { headers } = await suite.create('x');
  expect(headers['set-cookie']).toBeUndefined();
  expect(headers['warning']).toMatch(
    /^299 - "be careful", 299 - "a {2}Set-Cookie: b x{200,250}\.\.\."$/,
  );
});

test('a webhook of the first version of reviews is understood', async () => {
  suite.hooks.answers.set('/it', () => ({
    uid: undefined,
    allowed: false,
    status: { message: 'no' },
  }));
  await suite.register(
    'validating',
    suite.webhook('it', { admissionReviewVersions: ['v1alpha1', 'v1beta1'] }),
  );
  expect(messageOf(await suite.create('x'))).toContain('denied the request: no');
  expect(suite.hooks.asked[0]?.review.apiVersion).toBe('admission.k8s.io/v1beta1');
});

test('what changed while a webhook was asked is written over by nobody', async () => {
  await suite.create('x', { data: { a: '0' } });
  let first = true;
  suite.hooks.answers.set('/slow', () => {
    // The cluster's own parts do not ask: they are ahead of the client's patch.
    if (first) {
      suite.api.server.api.update('configmaps', { name: 'x', namespace: 'demo' }, (draft) => {
        Object.assign(draft, { data: { b: '1' } });
      });
    }
    first = false;
    return {};
  });
  await suite.register('validating', suite.webhook('slow'));
  const patched = await suite.api.call('PATCH', `${MAPS}/x`, {
    body: { data: { c: '2' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(dataOf(patched)).toEqual({ b: '1', c: '2' });
  expect(suite.paths).toEqual(['/slow', '/slow']);
  suite.hooks.answers.set('/slow', () => {
    suite.api.server.api.delete('configmaps', { name: 'x', namespace: 'demo' });
    return {};
  });
  expect((await suite.api.call('DELETE', `${MAPS}/x`)).status).toBe(404);
});

test('of two creations that are asked about at once, one wins', async () => {
  const waiting: (() => void)[] = [];
  suite.hooks.answers.set('/slow', (review, res) => {
    waiting.push(() => {
      const response = { uid: review.request.uid, allowed: true };
      res.end(JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, response }));
    });
    if (waiting.length === 2) for (const answer of waiting) answer();
    return 'silence';
  });
  await suite.register('validating', suite.webhook('slow'));
  const codes = (await Promise.all([suite.create('x'), suite.create('x')])).map(
    ({ status }) => status,
  );
  expect(codes.sort()).toEqual([201, 409]);
});

test('configurations themselves, and the platform’s own writes, are nobody’s to refuse', async () => {
  suite.hooks.answers.set('/no', () => ({ allowed: false }));
  const everything = {
    apiGroups: ['*'],
    apiVersions: ['*'],
    operations: ['*'],
    resources: ['*/*'],
  };
  await suite.register('validating', suite.webhook('no', { rules: [everything] }));
  expect((await suite.create('x')).status).toBe(400);
  const kubeconfig = suite.api.server.kubeconfig('platform', `https://127.0.0.1:${suite.api.port}`);
  const platform = (method: string, path: string, options?: CallOptions): Promise<Answer> =>
    createCaller(kubeconfig, suite.api.port)(method, path, options);
  expect((await platform('POST', MAPS, { body: { metadata: { name: 'x' } } })).status).toBe(201);
  expect((await platform('DELETE', `${MAPS}/x`)).status).toBe(200);
  expect(suite.paths).toEqual(['/no']);
  const path = `${WEBHOOKS}/validatingwebhookconfigurations/validating`;
  expect((await suite.api.call('DELETE', path)).status).toBe(200);
  expect((await suite.create('x')).status).toBe(201);
});

test.each([
  [
    { clientConfig: { url: 'http://x.example.com/?a=b#c' } },
    [
      'Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      'Invalid value: "c": fragments are not permitted in the URL',
      'Invalid value: "a=b": query parameters are not permitted in the URL',
    ],
  ],
  [
    { clientConfig: { service: { name: 'x', namespace: 'y', path: 'a//b', port: 0 } } },
    [
      'Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
      'Invalid value: "a//b": must start with a \'/\'',
      'Invalid value: "a//b": segment[0] may not be empty',
      'Invalid value: "a//b": segment[1] may not be empty',
    ],
  ],
  [
    { rules: [{ ...CONFIG_MAPS, operations: ['*', 'READ'], resources: ['*', 'pods'] }] },
    [
      'Invalid value: []string{"*", "READ"}: if \'*\' is present, must not specify other operations',
      'Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      'Invalid value: []string{"*", "pods"}: if \'*\' is present, must not specify other resources without subresources',
    ],
  ],
  [
    { admissionReviewVersions: ['v2'] },
    ['Invalid value: []string{"v2"}: must include at least one of v1, v1beta1'],
  ],
])('a configuration with faults is refused: %j', async (changes, texts) => {
  const { json, status } = await suite.register('validating', suite.webhook('x', changes));
  expect(status).toBe(422);
  expect(json).toMatchObject({ details: { causes: texts.map((text) => ({ message: text })) } });
});

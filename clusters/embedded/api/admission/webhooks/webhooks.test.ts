import { startTestServer } from '../../test-support/api-client.js';
import type { Answer, CallOptions, TestServer } from '../../test-support/api-client.js';
import { createCaller } from '../../test-support/api-client.js';
import { FakeStreams } from '../../test-support/fake-streams.js';
import { patching, startWebhookServer } from '../../test-support/webhook-server.js';
import type { Review, WebhookServer } from '../../test-support/webhook-server.js';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/demo/configmaps';
const CLUSTER_IP = '10.96.7.7';
const CONFIG_MAPS = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resources: ['configmaps'],
};

let streams: FakeStreams;
let api: TestServer;
let hooks: WebhookServer;
beforeEach(async () => {
  streams = new FakeStreams();
  api = await startTestServer({ streams });
  hooks = await startWebhookServer('hook.demo.svc', '127.0.0.1');
  streams.routes.set(`${CLUSTER_IP}:443`, hooks.port);
  streams.routes.set('127.0.0.1:8443', hooks.port);
  const body = { metadata: { name: 'demo', labels: { env: 'prod' } } };
  await api.call('POST', '/api/v1/namespaces', { body });
  await api.call('POST', '/api/v1/namespaces/demo/services', {
    body: {
      metadata: { name: 'hook' },
      spec: { clusterIP: CLUSTER_IP, ports: [{ port: 443 }] },
    },
  });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
  await streams[Symbol.asyncDispose]();
});

type Sort = 'validating' | 'mutating';

/** One webhook behind the Service, asked about config maps at `/<name>`. */
const webhook = (name: string, changes: object = {}): object => ({
  name: `${name}.example.com`,
  clientConfig: {
    service: { name: 'hook', namespace: 'demo', path: `/${name}` },
    caBundle: hooks.caBundle,
  },
  rules: [CONFIG_MAPS],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...changes,
});

const register = (sort: Sort, ...webhooks: object[]): Promise<Answer> =>
  api.call('POST', `${GROUP}/${sort}webhookconfigurations`, {
    body: { metadata: { name: sort }, webhooks },
  });

const create = (name: string, rest: object = {}, query = ''): Promise<Answer> =>
  api.call('POST', `${MAPS}${query}`, { body: { metadata: { name }, ...rest } });
const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
const paths = (): string[] => hooks.asked.map(({ path }) => path);
const dataOf = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'data');
const add = (key: string, value: string): object => ({ op: 'add', path: `/data/${key}`, value });

test('a validating webhook behind a Service is asked about each write, and sees all of it', async () => {
  expect((await register('validating', webhook('see'))).status).toBe(201);
  await create('x', { data: { a: '1' } });
  await api.call('PATCH', `${MAPS}/x`, {
    body: { data: { a: '2' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  await api.call('DELETE', `${MAPS}/x`);
  const requests = hooks.asked.map(({ review }) => review.request);
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
  hooks.answers.set('/no', () => ({ allowed: false, ...answer }));
  await register('validating', webhook('no'));
  const denied = await create('x');
  expect([denied.status, message(denied)]).toEqual([code, text]);
  expect((await api.call('GET', `${MAPS}/x`)).status).toBe(404);
});

test('mutating webhooks change the object one after the other, within what is theirs to change', async () => {
  hooks.answers.set('/one', () =>
    patching(
      add('one', '1'),
      { op: 'add', path: '/metadata/labels', value: { seen: 'yes' } },
      { op: 'replace', path: '/metadata/name', value: 'other' },
      { op: 'add', path: '/metadata/uid', value: 'mine' },
      { op: 'add', path: '/unknown', value: 1 },
    ),
  );
  hooks.answers.set('/two', ({ request }) =>
    patching(add('two', String(Object.keys(request.object?.['data'] ?? {})))),
  );
  await register('mutating', webhook('one'), webhook('two'));
  const made = await create('x', { data: { a: '0' } });
  expect(made.json).toMatchObject({
    metadata: { name: 'x', labels: { seen: 'yes' }, uid: expect.stringMatching(/-.*-/) },
    data: { a: '0', one: '1', two: 'a,one' },
  });
  expect(made.json).not.toHaveProperty('unknown');
  expect(hooks.asked[0]?.review.request.object?.metadata).not.toHaveProperty('uid');
});

test('a name of the server’s making is not told to mutating webhooks', async () => {
  await register('mutating', webhook('one'));
  await api.call('POST', MAPS, { body: { metadata: { generateName: 'x-' } } });
  const [{ review } = { review: undefined }] = hooks.asked;
  expect([review?.request.name, review?.request.object?.metadata['name']]).toEqual(['', undefined]);
});

test('a webhook that wants to is asked again where a later one changed something, once', async () => {
  hooks.answers.set('/late', () => patching(add('late', '1')));
  await register(
    'mutating',
    webhook('never'),
    webhook('again', { reinvocationPolicy: 'IfNeeded' }),
    webhook('late'),
    webhook('after', { reinvocationPolicy: 'IfNeeded' }),
  );
  await create('x', { data: { a: '0' } });
  expect(paths()).toEqual(['/never', '/again', '/late', '/after', '/again']);
  expect(hooks.asked.at(-1)?.review.request.object).toMatchObject({ data: { late: '1' } });
});

test('defaults, limits and validation hold for what a webhook wrote', async () => {
  hooks.answers.set('/bad', () => patching({ op: 'add', path: '/data', value: { 'a/b': 'x' } }));
  hooks.answers.set('/no-object', () => patching({ op: 'replace', path: '/data', value: 'text' }));
  await register(
    'mutating',
    webhook('bad', { objectSelector: { matchLabels: { which: 'bad' } } }),
    webhook('no-object', { objectSelector: { matchLabels: { which: 'none' } } }),
  );
  const bad = await create('x', {
    metadata: { name: 'x', labels: { which: 'bad' } },
    data: { a: '0' },
  });
  expect([bad.status, message(bad)]).toEqual([
    422,
    expect.stringContaining('data[a/b]: Invalid value'),
  ]);
  const none = await create('x', {
    metadata: { name: 'x', labels: { which: 'none' } },
    data: { a: '0' },
  });
  expect([none.status, message(none)]).toEqual([
    500,
    expect.stringMatching(/^Internal error occurred: /),
  ]);
});

test('only what the rules, selectors and conditions speak of is asked', async () => {
  const conditions = (expression: string): object => ({
    matchConditions: [{ name: 'c', expression }],
  });
  await register(
    'validating',
    webhook('all'),
    webhook('updates', { rules: [{ ...CONFIG_MAPS, operations: ['UPDATE'] }] }),
    webhook('secrets', { rules: [{ ...CONFIG_MAPS, resources: ['secrets'] }] }),
    webhook('cluster', { rules: [{ ...CONFIG_MAPS, resources: ['*'], scope: 'Cluster' }] }),
    webhook('prod', { namespaceSelector: { matchLabels: { env: 'prod' } } }),
    webhook('test', { namespaceSelector: { matchLabels: { env: 'test' } } }),
    webhook('labelled', {
      objectSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    }),
    webhook('met', conditions('object.metadata.name == "x" && !request.dryRun')),
    webhook('unmet', conditions('request.userInfo.username == "jane"')),
    webhook('unsure', { ...conditions('object.data.nothing == "1"'), failurePolicy: 'Ignore' }),
    webhook('none', { rules: [] }),
  );
  expect((await create('x')).status).toBe(201);
  expect(paths().sort()).toEqual(['/all', '/met', '/prod']);
});

test('a condition that cannot be told refuses, and is not accepted where it is no expression', async () => {
  const failing = { matchConditions: [{ name: 'c', expression: 'object.data.nothing == "1"' }] };
  await register('validating', webhook('unsure', failing));
  const answer = await create('x', { data: { a: '0' } });
  expect([answer.status, message(answer)]).toEqual([
    403,
    `configmaps "x" is forbidden: expression 'object.data.nothing == "1"' resulted in error: no such key: nothing`,
  ]);
  const wrong = await register(
    'mutating',
    webhook('x', { matchConditions: [{ name: 'c', expression: 'nobody' }] }),
  );
  expect(message(wrong)).toContain("undeclared reference to 'nobody'");
});

const FAILED = 'Internal error occurred: failed calling webhook "it.example.com": ';
const URL = 'https://hook.demo.svc:443/it?timeout=1s';

interface Failure {
  what: string;
  client?: () => object;
  answer?: (review: Review) => object | 'silence';
  text: string | RegExp;
}

const service = (changes: object): object => ({
  service: { name: 'hook', namespace: 'demo', path: '/it', ...changes },
  caBundle: hooks.caBundle,
});

const FAILURES: Failure[] = [
  {
    what: 'there is no such Service',
    client: () => service({ name: 'gone' }),
    text: `${FAILED}failed to call webhook: Post "https://gone.demo.svc:443/it?timeout=1s": service "gone" not found`,
  },
  {
    what: 'the Service has no such port',
    client: () => service({ port: 8443 }),
    text: `${FAILED}failed to call webhook: Post "https://hook.demo.svc:8443/it?timeout=1s": no service port 8443 found for service "hook"`,
  },
  {
    what: 'nobody listens',
    client: () => ({ url: 'https://127.0.0.1:9/it' }),
    text: `${FAILED}failed to call webhook: Post "https://127.0.0.1:9/it?timeout=1s": dial tcp 127.0.0.1:9: connect: connection refused`,
  },
  {
    what: 'the certificate is nobody’s we trust',
    client: () => ({ service: { name: 'hook', namespace: 'demo', path: '/it' } }),
    text: `${FAILED}failed to call webhook: Post "${URL}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  },
  {
    what: 'the certificate is for another name',
    client: () => {
      streams.routes.set('partner:443', hooks.port);
      return { url: 'https://partner/it', caBundle: hooks.caBundle };
    },
    text: `${FAILED}failed to call webhook: Post "https://partner/it?timeout=1s": tls: failed to verify certificate: x509: certificate is valid for hook.demo.svc, 127.0.0.1, not partner`,
  },
  {
    what: 'it says nothing',
    answer: () => 'silence',
    text: `${FAILED}failed to call webhook: Post "${URL}": context deadline exceeded`,
  },
  {
    what: 'it answers another review',
    answer: () => ({ uid: 'other' }),
    text: /received invalid webhook response: expected response\.uid="[-0-9a-f]+", got "other"$/,
  },
  {
    what: 'a validating webhook wants to change something',
    answer: () => patching(add('a', 'b')),
    text: `${FAILED}received invalid webhook response: validating webhook may not return response.patch`,
  },
];

test.each(FAILURES)('where $what, failurePolicy decides', async ({ client, answer, text }) => {
  hooks.answers.set('/it', (review) => answer?.(review) ?? {});
  const it = (failurePolicy: string): object =>
    webhook('it', {
      clientConfig: client?.() ?? service({}),
      timeoutSeconds: 1,
      failurePolicy,
    });
  await register('validating', it('Fail'));
  const failed = await create('x');
  expect([failed.status, message(failed)]).toEqual([
    500,
    typeof text === 'string' ? text : expect.stringMatching(text),
  ]);
  await api.call('PUT', `${GROUP}/validatingwebhookconfigurations/validating`, {
    body: { metadata: { name: 'validating' }, webhooks: [it('Ignore')] },
  });
  expect((await create('x')).status).toBe(201);
});

interface NoAnswer {
  what: string;
  code: number;
  body: string;
  text: string;
}

test.each<NoAnswer>([
  {
    what: 'that tells of a fault',
    code: 500,
    body: 'oops\n',
    text: 'an error on the server ("oops") has prevented the request from succeeding',
  },
  {
    what: 'that is not there',
    code: 404,
    body: '404 page not found\n',
    text: 'the server could not find the requested resource',
  },
  {
    what: 'that is no JSON',
    code: 200,
    body: 'hello',
    text: "couldn't get version/kind; json parse error: invalid character 'h' looking for beginning of value",
  },
  {
    what: 'that is no review',
    code: 200,
    body: '{}',
    text: "Object 'Kind' is missing in '{}'",
  },
  {
    what: 'that is too deep',
    code: 200,
    body: '['.repeat(20_000),
    text: "couldn't get version/kind; json parse error: exceeded max depth",
  },
])('an answer $what is none', async ({ code, body, text }) => {
  hooks.answers.set('/it', (_review, res) => {
    res.writeHead(code).end(body);
    return 'silence';
  });
  await register('validating', webhook('it'));
  expect(message(await create('x'))).toBe(`${FAILED}failed to call webhook: ${text}`);
});

test('an endless answer is cut off', async () => {
  hooks.answers.set('/it', (_review, res) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const more = (): void => {
      while (!res.destroyed && res.write(chunk));
    };
    res.on('drain', more);
    more();
    return 'silence';
  });
  await register('validating', webhook('it', { timeoutSeconds: 30 }));
  expect(message(await create('x'))).toContain('the answer is larger than 3 MiB');
});

test.each([
  [
    'changes the protocol',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  ],
  ['only ever says that it goes on', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10)],
  ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'],
])('a server that %s is waited for no longer than any other', async (_what, text) => {
  hooks.answers.set('/it', (_review, res) => {
    res.socket?.write(text);
    return 'silence';
  });
  await register('validating', webhook('it', { timeoutSeconds: 1 }));
  expect(message(await create('x'))).toBe(
    `${FAILED}failed to call webhook: Post "${URL}": context deadline exceeded`,
  );
});

test('a url is called as a Service is', async () => {
  hooks.answers.set('/it', () => ({ allowed: false }));
  const clientConfig = { url: 'https://127.0.0.1:8443/it', caBundle: hooks.caBundle };
  await register('validating', webhook('it', { clientConfig }));
  expect(message(await create('x'))).toContain('denied the request without explanation');
});

test('a dry run is asked about as one, and changes nothing', async () => {
  hooks.answers.set('/it', () => patching(add('a', '1')));
  await register('mutating', webhook('it', { sideEffects: 'NoneOnDryRun' }));
  const tried = await create('x', { data: { a: '0' } }, '?dryRun=All');
  expect([tried.status, dataOf(tried)]).toEqual([201, { a: '1' }]);
  expect(hooks.asked[0]?.review.request.dryRun).toBe(true);
  expect((await api.call('GET', `${MAPS}/x`)).status).toBe(404);
});

test('warnings reach the client, shortened and harmless', async () => {
  const warnings = ['be careful', `a\r\nSet-Cookie: b ${'x'.repeat(9999)}`, 7, ''];
  hooks.answers.set('/it', () => ({ warnings }));
  await register('validating', webhook('it'));
  const { headers } = await create('x');
  expect(headers['set-cookie']).toBeUndefined();
  expect(headers['warning']).toMatch(
    /^299 - "be careful", 299 - "a {2}Set-Cookie: b x{200,250}\.\.\."$/,
  );
});

test('a webhook of the first version of reviews is understood', async () => {
  hooks.answers.set('/it', () => ({ uid: undefined, allowed: false, status: { message: 'no' } }));
  await register('validating', webhook('it', { admissionReviewVersions: ['v1alpha1', 'v1beta1'] }));
  expect(message(await create('x'))).toContain('denied the request: no');
  expect(hooks.asked[0]?.review.apiVersion).toBe('admission.k8s.io/v1beta1');
});

test('what changed while a webhook was asked is written over by nobody', async () => {
  await create('x', { data: { a: '0' } });
  let first = true;
  hooks.answers.set('/slow', () => {
    // The cluster's own parts do not ask: they are ahead of the client's patch.
    if (first) {
      api.server.api.update('configmaps', { name: 'x', namespace: 'demo' }, (draft) => {
        Object.assign(draft, { data: { b: '1' } });
      });
    }
    first = false;
    return {};
  });
  await register('validating', webhook('slow'));
  const patched = await api.call('PATCH', `${MAPS}/x`, {
    body: { data: { c: '2' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(dataOf(patched)).toEqual({ b: '1', c: '2' });
  expect(paths()).toEqual(['/slow', '/slow']);
  hooks.answers.set('/slow', () => {
    api.server.api.delete('configmaps', { name: 'x', namespace: 'demo' });
    return {};
  });
  expect((await api.call('DELETE', `${MAPS}/x`)).status).toBe(404);
});

test('of two creations that are asked about at once, one wins', async () => {
  const waiting: (() => void)[] = [];
  hooks.answers.set('/slow', (review, res) => {
    waiting.push(() => {
      const response = { uid: review.request.uid, allowed: true };
      res.end(JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, response }));
    });
    if (waiting.length === 2) for (const answer of waiting) answer();
    return 'silence';
  });
  await register('validating', webhook('slow'));
  const codes = (await Promise.all([create('x'), create('x')])).map(({ status }) => status);
  expect(codes.sort()).toEqual([201, 409]);
});

test('configurations themselves, and the platform’s own writes, are nobody’s to refuse', async () => {
  hooks.answers.set('/no', () => ({ allowed: false }));
  const everything = {
    apiGroups: ['*'],
    apiVersions: ['*'],
    operations: ['*'],
    resources: ['*/*'],
  };
  await register('validating', webhook('no', { rules: [everything] }));
  expect((await create('x')).status).toBe(400);
  const kubeconfig = api.server.kubeconfig('platform', `https://127.0.0.1:${api.port}`);
  const platform = (method: string, path: string, options?: CallOptions): Promise<Answer> =>
    createCaller(kubeconfig, api.port)(method, path, options);
  expect((await platform('POST', MAPS, { body: { metadata: { name: 'x' } } })).status).toBe(201);
  expect((await platform('DELETE', `${MAPS}/x`)).status).toBe(200);
  expect(paths()).toEqual(['/no']);
  const path = `${GROUP}/validatingwebhookconfigurations/validating`;
  expect((await api.call('DELETE', path)).status).toBe(200);
  expect((await create('x')).status).toBe(201);
});

test('webhooks that hang hold up nobody who is not asked about', async () => {
  hooks.answers.set('/it', () => 'silence');
  await register('validating', webhook('it', { timeoutSeconds: 30 }));
  let ended = 0;
  const hanging = Array.from({ length: 40 }, async (_, index) => {
    const answer = await create(`x-${index}`);
    ended += 1;
    return answer;
  });
  // So many calls are under way at once; the others wait in line.
  while (hooks.asked.length < 32) await new Promise((resolve) => setImmediate(resolve));
  const body = { metadata: { name: 'quick' } };
  const secret = await api.call('POST', '/api/v1/namespaces/demo/secrets', { body });
  expect([secret.status, ended, hooks.asked.length]).toEqual([201, 0, 32]);
  hooks.answers.clear();
  hooks.hangUp();
  const codes = (await Promise.all(hanging)).map(({ status }) => status);
  expect(codes.filter((code) => code === 500)).toHaveLength(32);
  expect(codes.filter((code) => code === 201)).toHaveLength(8);
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
  const { json, status } = await register('validating', webhook('x', changes));
  expect(status).toBe(422);
  expect(json).toMatchObject({ details: { causes: texts.map((text) => ({ message: text })) } });
});

import { patching, type Review } from '../../test-support/webhook-server.js';
import { add, webhookSuite, messageOf, WEBHOOKS } from '../../test-support/webhook-suite.js';

const suite = webhookSuite();

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
  caBundle: suite.hooks.caBundle,
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
      suite.streams.routes.set('partner:443', suite.hooks.port);
      return { url: 'https://partner/it', caBundle: suite.hooks.caBundle };
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
  suite.hooks.answers.set('/it', (review) => answer?.(review) ?? {});
  const it = (failurePolicy: string): object =>
    suite.webhook('it', {
      clientConfig: client?.() ?? service({}),
      timeoutSeconds: 1,
      failurePolicy,
    });
  await suite.register('validating', it('Fail'));
  const failed = await suite.create('x');
  expect([failed.status, messageOf(failed)]).toEqual([
    500,
    typeof text === 'string' ? text : expect.stringMatching(text),
  ]);
  await suite.api.call('PUT', `${WEBHOOKS}/validatingwebhookconfigurations/validating`, {
    body: { metadata: { name: 'validating' }, webhooks: [it('Ignore')] },
  });
  expect((await suite.create('x')).status).toBe(201);
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
  suite.hooks.answers.set('/it', (_review, res) => {
    res.writeHead(code).end(body);
    return 'silence';
  });
  await suite.register('validating', suite.webhook('it'));
  expect(messageOf(await suite.create('x'))).toBe(`${FAILED}failed to call webhook: ${text}`);
});

test('an endless answer is cut off', async () => {
  suite.hooks.answers.set('/it', (_review, res) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const more = (): void => {
      while (!res.destroyed && res.write(chunk));
    };
    res.on('drain', more);
    more();
    return 'silence';
  });
  await suite.register('validating', suite.webhook('it', { timeoutSeconds: 30 }));
  expect(messageOf(await suite.create('x'))).toContain('the answer is larger than 3 MiB');
});

test.each([
  [
    'changes the protocol',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  ],
  ['only ever says that it goes on', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10)],
  ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'],
])('a server that %s is waited for no longer than any other', async (_what, text) => {
  suite.hooks.answers.set('/it', (_review, res) => {
    res.socket?.write(text);
    return 'silence';
  });
  await suite.register('validating', suite.webhook('it', { timeoutSeconds: 1 }));
  expect(messageOf(await suite.create('x'))).toBe(
    `${FAILED}failed to call webhook: Post "${URL}": context deadline exceeded`,
  );
});

test('webhooks that hang hold up nobody who is not asked about', async () => {
  suite.hooks.answers.set('/it', () => 'silence');
  await suite.register('validating', suite.webhook('it', { timeoutSeconds: 30 }));
  let ended = 0;
  const hanging = Array.from({ length: 40 }, async (_, index) => {
    const answer = await suite.create(`x-${index}`);
    ended += 1;
    return answer;
  });
  // So many calls are under way at once; the others wait in line.
  while (suite.hooks.asked.length < 32) await new Promise((resolve) => setImmediate(resolve));
  const body = { metadata: { name: 'quick' } };
  const secret = await suite.api.call('POST', '/api/v1/namespaces/demo/secrets', { body });
  expect([secret.status, ended, suite.hooks.asked.length]).toEqual([201, 0, 32]);
  suite.hooks.answers.clear();
  suite.hooks.hangUp();
  const codes = (await Promise.all(hanging)).map(({ status }) => status);
  expect(codes.filter((code) => code === 500)).toHaveLength(32);
  expect(codes.filter((code) => code === 201)).toHaveLength(8);
});

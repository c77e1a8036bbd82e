import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { request } from 'node:https';
import { startTestServer } from '../test-support/api-client.js';
import type { Answer, TestServer } from '../test-support/api-client.js';
import { makeSigningRequest } from '../test-support/make-signing-request.js';
import { parseSigningRequest } from './signing-request.js';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const keys = generateKeyPairSync('ed25519');
const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function ask(name: string, pem: string, spec: object = {}): Promise<Answer> {
  return api.call('POST', REQUESTS, {
    body: {
      metadata: { name },
      spec: {
        request: base64(pem),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        ...spec,
      },
    },
  });
}

async function decide(name: string, type: string, headers = {}): Promise<Answer> {
  const current = await api.call('GET', `${REQUESTS}/${name}`);
  const condition = { type, status: 'True', reason: 'Test', message: 'as asked' };
  return api.call('PUT', `${REQUESTS}/${name}/approval`, {
    headers,
    body: { ...Object(current.json), status: { conditions: [condition] } },
  });
}

interface Stored {
  spec: { username?: string; groups?: string[] };
  status: { certificate?: string; conditions?: { type: string; message?: string }[] };
}

async function stored(name: string): Promise<Stored> {
  return (await api.call('GET', `${REQUESTS}/${name}`)).json as Stored;
}

test('an approved request becomes a certificate that the server believes', async () => {
  const pem = makeSigningRequest(keys, [
    ['CN', 'bob'],
    ['O', 'devs'],
  ]);
  await ask('bob', pem, { expirationSeconds: 3600 });
  expect((await stored('bob')).spec).toMatchObject({
    username: 'kubernetes-admin',
    groups: ['system:masters', 'system:authenticated'],
  });
  expect((await stored('bob')).status.certificate).toBeUndefined();
  expect((await decide('bob', 'Approved')).status).toBe(200);
  const certificate = Buffer.from(
    (await stored('bob')).status.certificate ?? '',
    'base64',
  ).toString();
  const parsed = new X509Certificate(certificate);
  expect(parsed.subject.split('\n')).toEqual(['CN=bob', 'O=devs']);
  expect(parsed.checkIssued(new X509Certificate(api.server.caPem))).toBe(true);
  const hours = (Date.parse(parsed.validTo) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(0.9);
  expect(hours).toBeLessThan(1.1);
  expect(await whoami(certificate, keys.privateKey)).toMatchObject({
    username: 'bob',
    groups: ['devs', 'system:authenticated'],
  });
});

test('a denied request, and one for another signer, is not signed', async () => {
  const pem = makeSigningRequest(keys, [['CN', 'eve']]);
  await ask('denied', pem);
  await decide('denied', 'Denied');
  await ask('elsewhere', pem, { signerName: 'example.com/other' });
  await decide('elsewhere', 'Approved');
  await ask('server', pem, { usages: ['server auth'] });
  await decide('server', 'Approved');
  expect((await stored('denied')).status.certificate).toBeUndefined();
  expect((await stored('elsewhere')).status.certificate).toBeUndefined();
  const { conditions } = (await stored('server')).status;
  expect(conditions?.find(({ type }) => type === 'Failed')?.message).toBe(
    'usages must include "client auth"',
  );
});

test('nobody becomes system:masters by a certificate, and what is no request is refused', async () => {
  const masters = makeSigningRequest(keys, [
    ['CN', 'root'],
    ['O', 'system:masters'],
  ]);
  expect(message(await ask('masters', masters))).toBe(
    'certificatesigningrequests.certificates.k8s.io "masters" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  );
  expect(message(await ask('none', 'hello'))).toContain(
    'PEM block type must be CERTIFICATE REQUEST',
  );
});

test('approving is a right to the signer, beside that to the request', async () => {
  await ask('mine', makeSigningRequest(keys, [['CN', 'jane']]));
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await api.call('POST', `${rbac}/clusterroles`, {
    body: {
      metadata: { name: 'approver' },
      rules: [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['certificatesigningrequests/approval'],
          verbs: ['update'],
        },
      ],
    },
  });
  await api.call('POST', `${rbac}/clusterrolebindings`, {
    body: {
      metadata: { name: 'approver' },
      subjects: [{ kind: 'User', name: 'jane' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'approver' },
    },
  });
  expect(message(await decide('mine', 'Approved', { 'impersonate-user': 'jane' }))).toBe(
    'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
  );
});

test('a request must be signed with its own key', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const good = makeSigningRequest(other, [['CN', 'x']]);
  expect(parseSigningRequest(good)).toMatchObject({ commonName: 'x', organizations: [] });
  const mixed = {
    publicKey: other.publicKey,
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  };
  expect(() => parseSigningRequest(makeSigningRequest(mixed, [['CN', 'x']]))).toThrow(
    'signature does not match',
  );
  expect(() => parseSigningRequest(good.replace(/M/g, 'N'))).toThrow();
});

function whoami(cert: string, key: KeyObject): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: api.port,
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        ca: api.server.caPem,
        servername: 'kubernetes',
        cert,
        key: key.export({ type: 'pkcs8', format: 'pem' }),
        headers: { 'Content-Type': 'application/json' },
      },
      (res) => {
        let text = '';
        res.on('data', (chunk: Buffer) => (text += chunk.toString()));
        res.on('end', () => {
          const { status } = JSON.parse(text) as { status: { userInfo: unknown } };
          resolve(status.userInfo);
        });
      },
    );
    sent.on('error', reject);
    sent.end('{}');
  });
}

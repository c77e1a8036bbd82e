import { gunzipSync } from 'node:zlib';
import { request } from 'node:https';
import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';

let api: TestServer;
let token: string;
beforeAll(async () => {
  api = await startTestServer();
  const data = { text: 'x'.repeat(150_000) };
  const body = { metadata: { name: 'large' }, data };
  await api.call('POST', '/api/v1/namespaces/default/configmaps', { body });
  await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    body: { metadata: { name: 'reader' } },
  });
  await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      metadata: { name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'reader' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    },
  });
  token = api.server.serviceAccountToken('default', 'reader');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** Bytes as they came. */
function get(path: string, encoding?: string): Promise<{ encoding: unknown; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: api.port,
        path,
        ca: api.server.caPem,
        servername: 'kubernetes',
        headers: {
          Authorization: `Bearer ${token}`,
          ...(encoding !== undefined && { 'Accept-Encoding': encoding }),
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          resolve({ encoding: res.headers['content-encoding'], bytes: Buffer.concat(chunks) });
        });
      },
    )
      .on('error', reject)
      .end();
  });
}

const LARGE = '/api/v1/namespaces/default/configmaps/large';

test('a large answer is compressed for who takes it', async () => {
  const plain = await get(LARGE);
  expect(plain.encoding).toBeUndefined();
  for (const accepted of ['gzip', 'deflate, gzip;q=0.5', 'br,gzip']) {
    const zipped = await get(LARGE, accepted);
    expect(zipped.encoding).toBe('gzip');
    expect(zipped.bytes.length).toBeLessThan(10_000);
    expect(gunzipSync(zipped.bytes)).toEqual(plain.bytes);
  }
});

test('small answers and other clients get it plain', async () => {
  expect(
    (await get('/api/v1/namespaces/default/serviceaccounts', 'gzip')).encoding,
  ).toBeUndefined();
  for (const accepted of ['identity', 'br', 'gzip;q=0', 'gzip; q=0.0']) {
    expect((await get(LARGE, accepted)).encoding).toBeUndefined();
  }
});

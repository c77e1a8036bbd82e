import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  createAuthority,
  issueCertificate,
  issuerOf,
} from '../../clusters/embedded/api/auth/certificate.js';
import { KubeApi } from '../../clusters/client/kube-api.js';

test('the clock of an API server is its own where it goes apart from this machine’s', async () => {
  const now = Date.now();
  const authority = createAuthority('test', now);
  const { certPem, keyPem } = issueCertificate(issuerOf(authority, 'test'), {
    subject: { commonName: 'api' },
    usage: 'server',
    names: ['127.0.0.1'],
    now,
  });
  let aheadMs = 0;
  const server = createServer({ cert: certPem, key: keyPem }, (_, response) => {
    response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ca = Buffer.from(authority.certPem).toString('base64');
  using api = await KubeApi.connect(`apiVersion: v1
kind: Config
current-context: x
contexts: [{ name: x, context: { cluster: x, user: x } }]
clusters: [{ name: x, cluster: { server: 'https://127.0.0.1:${port}', certificate-authority-data: ${ca} } }]
users: [{ name: x, user: { token: t } }]
`);
  const ahead = async (ms: number): Promise<number> => {
    aheadMs = ms;
    await api.send('GET', '/version');
    return Math.round((api.now() - Date.now()) / 10_000);
  };
  expect(await ahead(0)).toBe(0);
  expect(await ahead(-3_600_000)).toBe(-360);
  expect(await ahead(3_600_000)).toBe(360);
  server.closeAllConnections();
  server.close();
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createAuthority,
  issueCertificate,
  issuerOf,
} from '../../../clusters/embedded/api/auth/certificate.js';
import { startDetached } from '../../../system/start-process.js';
import { ApiClient } from '../api-client.js';
import { PODS, spread, TABLE, times, type Row } from './load.js';

export async function benchReads(client: ApiClient, row: Row): Promise<void> {
  const get = (): Promise<unknown> => client.call('GET', `${PODS}/pod-1`);
  await times(300, get);
  const { body } = await client.call('GET', `${PODS}/pod-1`);
  const floor = await floorOfHttps(body);
  row('floor: a bare node:https server, the same bytes', spread(floor), '');
  row('GET of a pod', spread(await times(1000, get)), '0.7 ms median');
  const rows = (): Promise<unknown> => client.call('GET', `${PODS}?limit=500`, { headers: TABLE });
  await times(10, rows);
  row('a table of 500 rows', spread(await times(100, rows)), '15 ms');
  const list = (): Promise<unknown> => client.call('GET', PODS);
  await times(5, list);
  const { bytes } = await client.call('GET', PODS);
  row(
    `the full list of 1,000 pods (${(bytes / 2 ** 20).toFixed(1)} MiB)`,
    spread(await times(50, list)),
    '60 ms',
  );
}

/** The same answer from a server that only writes it, in a process of its own as ours is. */
async function floorOfHttps(body: Buffer): Promise<number[]> {
  const now = Date.now();
  const authority = createAuthority('floor', now);
  const issuer = issuerOf(authority, 'floor');
  const subject = { commonName: 'bench' };
  const own = issueCertificate(issuer, { subject, usage: 'server', names: ['127.0.0.1'], now });
  const user = issueCertificate(issuer, { subject, usage: 'client', now });
  const script = `
    const { createServer } = require('node:https');
    const { key, cert, ca, body } = JSON.parse(process.argv[1]);
    const server = createServer({ key, cert, ca, requestCert: true }, (req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      res.end(body);
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-floor-'));
  const outputFile = path.join(folder, 'port');
  const given = {
    key: own.keyPem,
    cert: own.certPem,
    ca: authority.certPem,
    body: body.toString(),
  };
  const pid = await startDetached(process.execPath, ['-e', script, JSON.stringify(given)], {
    env: {},
    outputFile,
  });
  try {
    while (!readFileSync(outputFile, 'utf8').endsWith('\n')) await sleep(5);
    const port = readFileSync(outputFile, 'utf8').trim();
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const cluster = {
      server: `https://127.0.0.1:${port}`,
      'certificate-authority-data': base64(authority.certPem),
    };
    const credentials = {
      'client-certificate-data': base64(user.certPem),
      'client-key-data': base64(user.keyPem),
    };
    const kubeconfig = { clusters: [{ cluster }], users: [{ user: credentials }] };
    using client = new ApiClient(JSON.stringify(kubeconfig));
    const get = (): Promise<unknown> => client.call('GET', '/');
    await times(300, get);
    return await times(1000, get);
  } finally {
    process.kill(pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

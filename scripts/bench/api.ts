import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createAuthority,
  issueCertificate,
  issuerOf,
} from '../../clusters/embedded/api/auth/certificate.js';
import { createApiServer } from '../../clusters/embedded/api/create-api-server.js';
import { BUILT_IN_RESOURCES } from '../../clusters/embedded/api/kinds/index.js';
import { schemaCatalogue } from '../../clusters/embedded/api/schema/index.js';
import type { Cluster, ClusterProvider, ClusterSpec } from '../../clusters/provider.js';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { startDetached } from '../../system/start-process.js';
import { openTerminal } from '../../system/terminal.js';
import { ApiClient } from './api-client.js';
import { HostMeter } from './host-meter.js';
import { median, percentile } from './numbers.js';

type Row = (what: string, value: string, target: string) => void;

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

const spec = (name: string): ClusterSpec => ({
  name,
  nodes: 1,
  cni: 'calico',
  nodeShell: false,
  labels: {},
  manifests: [],
});

/** The API server's speed and size, each figure beside its floor in the same run where there is one. */
export async function benchApi(
  provider: ClusterProvider,
  { stateDir, row, only }: { stateDir: string; row: Row; only: readonly string[] },
): Promise<void> {
  const wants = (part: string): boolean => only.length === 0 || only.includes(part);
  if (wants('ready')) await benchReady(row);
  if (['reads', 'writes', 'watchers', 'neighbours'].some(wants)) {
    await using cluster = await provider.create(spec('api'));
    const kubeconfig = await cluster.kubeconfig('learner');
    using one = new ApiClient(kubeconfig);
    using many = new ApiClient(kubeconfig, 8);
    await createAll(
      many,
      PODS,
      Array.from({ length: 1000 }, (_, i) => pod(i)),
    );
    if (wants('reads')) await benchReads(one, row);
    if (wants('writes')) await benchWrites(one, { row, stateDir });
    if (wants('watchers')) await benchWatchers(kubeconfig, { many, row });
    if (wants('neighbours')) await benchNeighbours(provider, { heavy: kubeconfig, row });
  }
  if (wants('objects')) await benchObjects(provider, { stateDir, row });
  if (wants('idle')) await benchIdle(provider, { stateDir, row });
}

const pod = (i: number): JsonObject => ({
  metadata: { name: `pod-${i}`, labels: { app: `app-${i % 10}`, tier: 'backend' } },
  spec: {
    nodeSelector: { nowhere: 'yes' },
    containers: [
      {
        name: 'c',
        image: 'nginx:1.27',
        ports: [{ containerPort: 80 }],
        env: [{ name: 'COLOUR', value: 'blue' }],
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
      },
    ],
  },
});

async function createAll(
  client: ApiClient,
  url: string,
  objects: readonly JsonObject[],
): Promise<void> {
  const rest = [...objects];
  const lane = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const reply = await client.call('POST', url, { body: JSON.stringify(next) });
      if (reply.status !== 201) throw new Error(reply.body.toString());
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function times(count: number, action: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    await action();
    found.push(performance.now() - startedAt);
  }
  return found;
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const spread = (values: readonly number[]): string =>
  `${ms(median(values))} median, ${ms(percentile(values, 0.99))} p99`;

/** From nothing to the first answer, in this process. */
async function benchReady(row: Row): Promise<void> {
  const found: number[] = [];
  for (let i = 0; i < 20; i++) {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-api-'));
    const startedAt = performance.now();
    const server = await createApiServer({
      name: 'ready',
      stateDir: path.join(folder, 'state'),
      unixPath: path.join(folder, 'api.sock'),
      resources: BUILT_IN_RESOURCES,
      catalogue: schemaCatalogue,
      addresses: ['172.30.0.11'],
    });
    const { port } = await server.listenLocal();
    using client = new ApiClient(server.kubeconfig('admin', `https://127.0.0.1:${port}`));
    const { status } = await client.call('GET', '/readyz');
    if (status !== 200) throw new Error(`/readyz: ${status}`);
    found.push(performance.now() - startedAt);
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
  row('API server from nothing to ready', `${ms(median(found.slice(5)))} median`, '50 ms');
}

async function benchReads(client: ApiClient, row: Row): Promise<void> {
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

async function benchWrites(
  client: ApiClient,
  { row, stateDir }: { row: Row; stateDir: string },
): Promise<void> {
  await createAll(client, MAPS, [{ metadata: { name: 'patched' }, data: { i: '' } }]);
  let i = 0;
  const patch = (): Promise<unknown> =>
    client.call('PATCH', `${MAPS}/patched`, {
      body: JSON.stringify({ data: { i: String(i++) } }),
      headers: MERGE,
    });
  await times(300, patch);
  row('floor: appending 400 bytes, fdatasync', spread(floorOfDisk(stateDir, 1000)), '');
  row('a merge patch, fsynced', spread(await times(1000, patch)), '1.5 ms median, 5 ms p99');
}

function floorOfDisk(folder: string, count: number): number[] {
  const file = path.join(folder, 'floor');
  const fd = openSync(file, 'a');
  const bytes = Buffer.alloc(400, 'x');
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    writeSync(fd, bytes);
    fdatasyncSync(fd);
    found.push(performance.now() - startedAt);
  }
  closeSync(fd);
  rmSync(file);
  return found;
}

/** 100 watchers while 1,000 objects change, eight writes at a time. */
async function benchWatchers(
  kubeconfig: string,
  { many, row }: { many: ApiClient; row: Row },
): Promise<void> {
  const WATCHERS = 100;
  const OBJECTS = 1000;
  const objects = Array.from({ length: OBJECTS }, (_, i) => ({
    metadata: { name: `watched-${i}`, labels: { watched: 'yes' } },
    data: { text: 'x'.repeat(200) },
  }));
  await createAll(many, MAPS, objects);
  const list: unknown = JSON.parse((await many.call('GET', `${MAPS}?limit=1`)).body.toString());
  const version = resourceVersionOf(list);
  using watching = new ApiClient(kubeconfig);
  let seen = 0;
  let lastAt = 0;
  const stops = await Promise.all(
    Array.from({ length: WATCHERS }, () =>
      watching.watch(
        `${MAPS}?watch=1&labelSelector=watched%3Dyes&resourceVersion=${version}`,
        (n) => {
          seen += n;
          lastAt = performance.now();
        },
      ),
    ),
  );
  const startedAt = performance.now();
  const rest = [...objects];
  const lane = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const body = JSON.stringify({ data: { changed: 'yes' } });
      await many.call('PATCH', `${MAPS}/${next.metadata.name}`, { body, headers: MERGE });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  const writtenAt = performance.now();
  while (seen < WATCHERS * OBJECTS && performance.now() - writtenAt < 20_000) await sleep(5);
  for (const stop of stops) stop();
  const rate = (OBJECTS / (writtenAt - startedAt)) * 1000;
  row(
    '100 watchers while 1,000 objects change',
    `${seen} of ${WATCHERS * OBJECTS} events, the last ${ms(Math.max(0, lastAt - writtenAt))} after the last write; ${rate.toFixed(0)} writes/s`,
    'none falls behind',
  );
}

function resourceVersionOf(list: unknown): string {
  const version = isJsonObject(list) ? valueAt(list, ['metadata', 'resourceVersion']) : undefined;
  return typeof version === 'string' ? version : '';
}

/** What one learner's heavy lists do to another's requests and keystrokes. */
async function benchNeighbours(
  provider: ClusterProvider,
  { heavy, row }: { heavy: string; row: Row },
): Promise<void> {
  await using quiet = await provider.create(spec('neighbour'));
  using client = new ApiClient(await quiet.kubeconfig('learner'));
  const get = (): Promise<unknown> => client.call('GET', '/api/v1/namespaces/default');
  await using keyboard = await openKeyboard(quiet);
  const type = (): Promise<void> => keyboard.type();
  await times(200, get);
  await times(50, type);
  const before = { get: await times(300, get), type: await times(200, type) };
  using lists = new ApiClient(heavy, 2);
  let over = false;
  const lane = async (): Promise<void> => {
    while (!over) await lists.call('GET', PODS);
  };
  const lanes = [lane(), lane()];
  const during = { get: await times(300, get), type: await times(200, type) };
  over = true;
  await Promise.all(lanes);
  row("another cluster's GET, nothing else going on", spread(before.get), '');
  row(
    "another cluster's GET while two clients list 1,000 pods without end",
    spread(during.get),
    '',
  );
  row("another cluster's keystroke, nothing else going on", spread(before.type), '');
  row("another cluster's keystroke while they do", spread(during.type), 'as before');
}

interface Keyboard extends AsyncDisposable {
  type(): Promise<void>;
}

/** A terminal on the workstation: sends a character and waits for its echo. */
async function openKeyboard(cluster: Cluster): Promise<Keyboard> {
  const { file, args, env } = await cluster.shell({ type: 'workstation' });
  let sent = 0;
  let echoed = 0;
  let heard: () => void = () => undefined;
  const terminal = openTerminal({
    file,
    args,
    env,
    cols: 80,
    rows: 24,
    onData: (bytes) => {
      echoed += bytes.filter((byte) => byte === KEY.charCodeAt(0)).length;
      if (echoed >= sent) heard();
    },
    onExit: () => undefined,
  });
  await sleep(1000);
  // Echoes come from a program in the sandbox, not from the terminal itself.
  terminal.write('stty raw -echo; cat\r');
  await sleep(1000);
  echoed = 0;
  return {
    type: () =>
      new Promise<void>((resolve) => {
        heard = resolve;
        sent += 1;
        terminal.write(KEY);
      }),
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

const KEY = '#';

async function benchObjects(
  provider: ClusterProvider,
  { stateDir, row }: { stateDir: string; row: Row },
): Promise<void> {
  await using cluster = await provider.create(spec('objects'));
  using client = new ApiClient(await cluster.kubeconfig('learner'), 8);
  const meter = new HostMeter(stateDir);
  await sleep(3000);
  const before = meter.read().host;
  const objects = Array.from({ length: 10_000 }, (_, i) => ({
    metadata: { name: `map-${i}`, labels: { app: `app-${i % 100}` } },
    data: { settings: 'x'.repeat(500) },
  }));
  await createAll(client, MAPS, objects);
  await sleep(10_000);
  const grown = (meter.read().host - before) / 2 ** 20;
  row('10,000 objects of a kilobyte', `${grown.toFixed(0)} MB more in the host`, '100 MB');
}

async function benchIdle(
  provider: ClusterProvider,
  { stateDir, row }: { stateDir: string; row: Row },
): Promise<void> {
  const meter = new HostMeter(stateDir);
  for (let i = 0; i < 100; i += 5) {
    await Promise.all([0, 1, 2, 3, 4].map((j) => provider.create(spec(`idle-${i + j}`))));
  }
  await sleep(15_000);
  const startedAt = performance.now();
  const before = meter.cpuSeconds();
  await sleep(30_000);
  const seconds = (performance.now() - startedAt) / 1000;
  const share = ((meter.cpuSeconds() - before) / seconds) * 100;
  const megabytes = meter.read().host / 2 ** 20;
  row(
    '100 idle clusters: the host process',
    `${megabytes.toFixed(0)} MB, ${share.toFixed(1)} % of a core`,
    '400 MB, 2 %',
  );
}

import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as secure } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProvider } from '../../clusters/provider.js';
import { ApiClient, type Call } from './api-client.js';
import { HostMeter } from './host-meter.js';

const MAPS = '/api/v1/namespaces/default/configmaps';
const EXEC = '/api/v1/namespaces/default/pods/box';
const WARM_UP_MS = 30_000;
const SETTLE_MS = 15_000;
const BIG = 'x'.repeat(4 * 1024 * 1024);

/** Good and bad requests side by side for as long as asked, and what the host process holds at both ends. */
export async function soak(
  provider: ClusterProvider,
  {
    stateDir,
    row,
    minutes,
  }: {
    stateDir: string;
    row: (what: string, value: string, target: string) => void;
    minutes: number;
  },
): Promise<void> {
  await using cluster = await provider.create({
    name: 'soak',
    nodes: 1,
    cni: 'calico',
    nodeShell: false,
    labels: {},
    manifests: [BOX],
  });
  using client = new ApiClient(await cluster.kubeconfig('learner'), 8);
  const meter = new HostMeter(stateDir);
  const counts = { good: 0, refused: 0, broken: 0 };
  let over = false;
  const lanes = [goodLane, goodLane, badLane, brokenLane].map(async (lane, i) => {
    for (let turn = 0; !over; turn++) await lane({ client, counts, turn: turn * 4 + i });
  });
  const failed = Promise.all(lanes);
  const read = (): string =>
    `${(meter.read().host / 2 ** 20).toFixed(0)} MB, ${meter.openFiles()} open files`;
  await Promise.race([failed, sleep(WARM_UP_MS)]);
  row('the host process after half a minute', read(), '');
  await Promise.race([failed, sleep(minutes * 60_000 - WARM_UP_MS)]);
  over = true;
  await failed;
  await sleep(SETTLE_MS);
  row(`after ${minutes} minutes`, read(), 'the same');
  const { good, refused, broken } = counts;
  row(
    'requests',
    `${good} answered, ${refused} refused as they should be, ${broken} connections broken off`,
    '',
  );
}

const BOX = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'box', namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'c', image: 'nginx' }],
  },
};

interface Turn {
  client: ApiClient;
  counts: { good: number; refused: number; broken: number };
  turn: number;
}

/** What clients do all day. */
async function goodLane({ client, counts, turn }: Turn): Promise<void> {
  const name = `map-${turn}`;
  const ask = async (
    status: number,
    [method, path]: [string, string],
    call?: Call,
  ): Promise<void> => {
    const reply = await client.call(method, path, call);
    if (reply.status !== status) {
      throw new Error(`${method} ${path}: ${reply.status} ${reply.body.toString()}`);
    }
    counts.good += 1;
  };
  const merge = { 'content-type': 'application/merge-patch+json' };
  await ask(201, ['POST', MAPS], {
    body: JSON.stringify({ metadata: { name }, data: { a: 'x'.repeat(1000) } }),
  });
  await ask(200, ['PATCH', `${MAPS}/${name}`], {
    body: '{"data":{"b":"1"}}',
    headers: merge,
  });
  await ask(200, ['GET', `${MAPS}?limit=50`], {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  const stop = await client.watch(`${MAPS}?watch=1`, () => undefined);
  await ask(200, ['DELETE', `${MAPS}/${name}`]);
  stop();
  await ask(200, ['GET', `${EXEC}/log`]);
}

const REFUSED: readonly (readonly [number, string, string, Call])[] = [
  [400, 'POST', MAPS, { body: '{"metadata":' }],
  [400, 'POST', MAPS, { body: '{"metadata":{"name":7}}' }],
  [
    400,
    'POST',
    MAPS,
    {
      body: 'k8s\0\u0007\u0007',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
    },
  ],
  [415, 'POST', MAPS, { body: 'x', headers: { 'content-type': 'text/nonsense' } }],
  [413, 'POST', MAPS, { body: JSON.stringify({ metadata: { name: 'big' }, data: { BIG } }) }],
  [400, 'GET', `${MAPS}?labelSelector=a%20in%20(b`, {}],
  [400, 'GET', `${MAPS}?fieldSelector=nothing%3D1`, {}],
  [400, 'GET', `${MAPS}?limit=ten`, {}],
  [404, 'GET', `${MAPS}/${'n'.repeat(2000)}`, {}],
  [422, 'POST', MAPS, { body: '{"metadata":{"name":"Bad_Name"},"__proto__":{"polluted":true}}' }],
  [400, 'GET', `${EXEC}/exec?command=true&stdout=1`, {}],
  [404, 'GET', '/nowhere', {}],
];

/** Requests that must be refused, each with its own status. */
async function badLane({ client, counts, turn }: Turn): Promise<void> {
  const [status, method, path, call] = REFUSED[turn % REFUSED.length] ?? [0, '', '', {}];
  const reply = await client.call(method, path, call).catch(() => undefined);
  // A body that is too large may be refused before it is sent whole.
  if (reply !== undefined && reply.status !== status) {
    throw new Error(`${method} ${path.slice(0, 60)}: ${reply.status} instead of ${status}`);
  }
  counts.refused += 1;
}

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n';
const SPDY =
  'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n';

/** First bytes of connections that are then left in the lurch. */
const BROKEN: readonly string[] = [
  'GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n',
  'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"metadata"',
  'GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'not http at all\r\n\r\n',
  `GET ${EXEC}/exec?command=cat&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
  `GET ${EXEC}/exec?command=cat&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  `POST ${EXEC}/exec?command=cat&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${SPDY}\r\n\x80garbage and more garbage`,
  `POST ${EXEC}/portforward HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n`,
  `GET ${EXEC}/log?follow=true HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET ${EXEC}/exec?command=sleep&command=60&stdout=1 HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
];

/** Connections that are half closed, reset, or end in the middle of what they were for. */
async function brokenLane({ client, counts, turn }: Turn): Promise<void> {
  const { host, port, ...credentials } = client.connection;
  const raw = connect(port, host);
  const socket = secure({ socket: raw, host, ...credentials });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.resume();
  socket.write(BROKEN[turn % BROKEN.length] ?? '');
  await sleep(20);
  if (turn % 3 === 0) socket.end();
  if (turn % 3 === 1) raw.resetAndDestroy();
  await sleep(30);
  socket.destroy();
  counts.broken += 1;
}

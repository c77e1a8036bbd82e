import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { chmod } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestAgent, type TestAgent } from './agent-fixture.js';
import type { AgentProbe, LoggedPacket, NetworkOperation } from './agent.js';

/** Two pods behind a node that routes: `a` 10.1.0.2 and `b` 10.1.0.3. */
const ROUTED: NetworkOperation[] = [
  { op: 'netns-add', name: 'node', packetLog: true },
  { op: 'sysctl', netns: 'node', key: 'net/ipv4/ip_forward', value: '1' },
  ...['a', 'b'].flatMap((name, index): NetworkOperation[] => [
    { op: 'netns-add', name },
    {
      op: 'veth',
      a: { netns: name, name: 'eth0', mac: `02:00:00:00:00:0${index}` },
      b: { netns: 'node', name: `to-${name}`, mac: 'ee:ee:ee:ee:ee:ee' },
    },
    { op: 'address', netns: name, link: 'eth0', cidr: `10.1.0.${index + 2}/32` },
    { op: 'route', netns: name, cidr: '169.254.1.1/32', link: 'eth0' },
    { op: 'route', netns: name, cidr: '0.0.0.0/0', via: '169.254.1.1', link: 'eth0' },
    {
      op: 'neighbour',
      netns: name,
      link: 'eth0',
      address: '169.254.1.1',
      mac: 'ee:ee:ee:ee:ee:ee',
    },
    { op: 'route', netns: 'node', cidr: `10.1.0.${index + 2}/32`, link: `to-${name}` },
  ]),
];

const TO_B: AgentProbe = {
  netns: 'a',
  protocol: 'TCP',
  address: '10.1.0.3',
  port: 80,
  timeoutMs: 1000,
};

/** A server on this machine behind port 80 of `b`, reached through the agent's relay. */
async function serve(
  { agent, folder }: TestAgent,
  onConnection: (socket: Socket) => void,
): Promise<AsyncDisposable> {
  const unixPath = path.join(folder, 'server.sock');
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(unixPath);
  await once(server, 'listening');
  await chmod(unixPath, 0o666);
  await agent.relay('b', { address: '0.0.0.0', port: 80, unixPath });
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

test('probes tell open, refused, unreachable and filtered apart, and name the rule that dropped', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network(ROUTED);
  await using _server = await serve(test, (socket) => socket.on('error', () => undefined).end());
  const [open, refused, refusedUdp, sctp] = await agent.probe([
    TO_B,
    { ...TO_B, port: 81 },
    { ...TO_B, port: 81, protocol: 'UDP' },
    { ...TO_B, protocol: 'SCTP' },
  ]);
  expect(open).toMatchObject({ cause: 'open' });
  expect(open?.sourcePort).toBeGreaterThan(0);
  expect(refused).toMatchObject({ cause: 'refused', errno: 'ECONNREFUSED' });
  expect(refusedUdp).toMatchObject({ cause: 'refused', errno: 'ECONNREFUSED' });
  expect(['unknown', 'refused']).toContain(sctp?.cause); // not every kernel speaks it

  await agent.network([{ op: 'route', netns: 'b', cidr: '10.1.0.2/32', type: 'blackhole' }]);
  await agent.network([
    { op: 'route-delete', netns: 'b', cidr: '10.1.0.2/32' },
    { op: 'route-delete', netns: 'a', cidr: '0.0.0.0/0' },
  ]);
  const [unreachable] = await agent.probe([TO_B]);
  expect(unreachable).toMatchObject({ cause: 'unreachable', errno: 'ENETUNREACH' });
  const route = { netns: 'a', cidr: '0.0.0.0/0', via: '169.254.1.1', link: 'eth0' };
  await agent.network([{ op: 'route', ...route }]);

  await agent.nft(
    'node',
    `table ip rules {
      chain forward {
        type filter hook forward priority 0;
        ip saddr 10.1.0.2 tcp dport 80 counter log group 1 prefix "no-80" drop
        udp sport 81 log group 1 prefix "no-answer" drop
        tcp sport 82 log group 1 prefix "no-answer" drop
        tcp dport 83 drop
      }
    }`,
  );
  const [dropped, silent, answerDropped] = await agent.probe([
    TO_B,
    { ...TO_B, port: 83, timeoutMs: 200 },
    { ...TO_B, port: 82 },
  ]);
  expect(dropped).toMatchObject({ cause: 'filtered', dropped: { netns: 'node', prefix: 'no-80' } });
  expect(dropped?.tookMs).toBeLessThan(200);
  expect(silent).toMatchObject({ cause: 'filtered' });
  expect(silent?.dropped).toBeUndefined();
  expect(silent?.tookMs).toBeGreaterThanOrEqual(200);
  expect(answerDropped).toMatchObject({ cause: 'filtered', dropped: { prefix: 'no-answer' } });
});

test('many probes, half of them dropped, take a fraction of one timeout', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network(ROUTED);
  await agent.nft(
    'node',
    `table ip rules {
      chain forward { type filter hook forward priority 0; meta l4proto { tcp, udp } th dport 1-162 log group 1 prefix "low" drop; }
    }`,
  );
  const probes = Array.from({ length: 324 }, (_, index): AgentProbe => ({
    ...TO_B,
    protocol: index % 2 === 0 ? 'TCP' : 'UDP',
    port: index + 1,
    timeoutMs: 5000,
  }));
  const startedAt = performance.now();
  const results = await agent.probe(probes);
  expect(performance.now() - startedAt).toBeLessThan(2500);
  expect(results.slice(0, 162).every(({ dropped }) => dropped?.prefix === 'low')).toBe(true);
  expect(results.slice(162).every(({ cause }) => cause === 'refused')).toBe(true);
});

test('a logged packet becomes an event, and a flood of them is sampled', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  const packets: LoggedPacket[] = [];
  agent.on('packet', (packet) => packets.push(packet));
  await agent.network(ROUTED);
  await agent.nft(
    'node',
    'table ip t { chain f { type filter hook forward priority 0; udp dport 9 log group 1 prefix "p:x" drop; }; }',
  );
  const [probe] = await agent.probe([{ ...TO_B, protocol: 'UDP', port: 9 }]);
  await sleep(50);
  expect(packets).toMatchObject([
    {
      netns: 'node',
      prefix: 'p:x',
      source: '10.1.0.2',
      destination: '10.1.0.3',
      protocol: 17,
      sourcePort: probe?.sourcePort,
      destinationPort: 9,
      missed: 0,
    },
  ]);
  const flood = await agent.exec({
    target: 'netns',
    netns: 'a',
    argv: ['bash', '-c', 'for ((i = 0; i < 20000; i++)); do echo x > /dev/udp/10.1.0.3/9; done'],
    env: { PATH: '/usr/bin:/bin' },
  });
  expect(await flood.exited).toBe(0);
  await sleep(300);
  await agent.probe([{ ...TO_B, protocol: 'UDP', port: 9, timeoutMs: 300 }]);
  expect(packets.length).toBeLessThan(12_000);
});

test('an operation that fails is named, and so is what nft refuses', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network([{ op: 'netns-add', name: 'x' }]);
  await expect(agent.network([{ op: 'netns-add', name: 'x' }])).rejects.toMatchObject({
    code: 'EEXIST',
    message: 'operation 1 (netns-add x 0): File exists',
  });
  await expect(
    agent.network([{ op: 'address', netns: 'x', link: 'eth9', cidr: '10.0.0.1/24' }]),
  ).rejects.toMatchObject({ code: 'ENODEV' });
  await expect(agent.network([{ op: 'netns-delete', name: 'y' }])).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(agent.nft('x', 'add rule ip nowhere f drop')).rejects.toMatchObject({
    code: 'NFT',
    message: expect.stringContaining('No such file or directory'),
  });
  await agent.nft('x', 'add table ip t\nadd counter ip t c');
  await expect(agent.nftJson('x', 'list counters')).resolves.toMatchObject({
    nftables: [{}, { counter: { name: 'c', packets: 0 } }],
  });
  expect(await agent.namespaces()).toEqual(['x']);
  await agent.network([{ op: 'netns-delete', name: 'x' }]);
  expect(await agent.namespaces()).toEqual([]);
});

test('one transaction may hold two thousand chains', async () => {
  await using test = await createTestAgent();
  await test.agent.network([{ op: 'netns-add', name: 'x' }]);
  const chains = Array.from({ length: 2000 }, (_, i) => `chain c${i} { tcp dport ${i + 1} drop; }`);
  await test.agent.nft('x', `table ip t {\n${chains.join('\n')}\n}`);
  expect(JSON.stringify(await test.agent.nftJson('x', 'list chains'))).toContain('"c1999"');
});

test('a connection out of a namespace, and one into a relay, end each direction on its own', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network(ROUTED);
  // Answers only once it has read everything: an end that is lost on the way would hang here.
  await using _server = await serve(test, (socket) => {
    let length = 0;
    socket.on('data', (bytes: Buffer) => (length += bytes.length));
    socket.on('end', () => socket.end(`${length} bytes`));
  });
  const connection = await agent.dial('a', { address: '10.1.0.3', port: 80 });
  const question = 'x'.repeat(3_000_000);
  connection.end(question);
  expect(await text(connection)).toBe('3000000 bytes');
  await expect(agent.dial('a', { address: '10.1.0.3', port: 81 })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('a bridge joins links of one namespace', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network([
    { op: 'netns-add', name: 'lan' },
    { op: 'bridge', netns: 'lan', name: 'br0' },
    ...['a', 'b'].flatMap((name, index): NetworkOperation[] => [
      { op: 'netns-add', name },
      { op: 'veth', a: { netns: name, name: 'eth0' }, b: { netns: 'lan', name } },
      { op: 'enslave', netns: 'lan', link: name, bridge: 'br0' },
      { op: 'address', netns: name, link: 'eth0', cidr: `10.1.0.${index + 2}/24` },
    ]),
  ]);
  const [first] = await agent.probe([TO_B]);
  expect(first).toMatchObject({ cause: 'refused' });
  await agent.network([{ op: 'link-delete', netns: 'lan', name: 'b' }]);
  const [second] = await agent.probe([{ ...TO_B, timeoutMs: 200 }]);
  expect(second?.cause).not.toBe('refused');
});

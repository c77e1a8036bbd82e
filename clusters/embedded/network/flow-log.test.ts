import { EventEmitter } from 'node:events';
import type { ObservedFlow } from '../../../common/flow.js';
import { SILENT } from '../../../common/logger.js';
import type { Agent, LoggedPacket } from '../agent/agent.js';
import type { World } from '../../../policy/model.js';
import { networkPolicy, smallWorld } from '../../../test/policy-wire/small-world.js';
import { FlowLog } from './flow-log.js';

/** As much of an agent as a flow log uses: it takes the rules, and tells packets when the test says so. */
function createLog(world?: () => World): {
  log: FlowLog;
  see: (packet: Partial<LoggedPacket>) => void;
} {
  const events = new EventEmitter();
  const agent = {
    on: (name: string, listener: () => void) => events.on(name, listener),
    nft: () => Promise.resolve(),
  };
  const log = new FlowLog({
    agent: agent as unknown as Agent,
    nodes: ['worker-1'],
    logger: SILENT,
    partyAt: (address) => ({ address }),
    explainDrop: (node) => ({ node, direction: 'ingress', policies: ['prod/deny'] }),
    worldOf: () => world?.(),
  });
  return {
    log,
    see: (packet) =>
      events.emit('packet', {
        netns: 'node-worker-1',
        prefix: 'gh:flow',
        source: '10.244.1.3',
        destination: '10.244.1.4',
        protocol: 6,
        sourcePort: 40_000,
        destinationPort: 80,
        at: '2026-01-01T00:00:00.000Z',
        missed: 0,
        ...packet,
      }),
  };
}

/** The two ends of the packets below, and a policy of this name that lets everybody in. */
function worldWith(policy: string | undefined): World {
  return smallWorld({
    pods: {
      'default/web': { addresses: ['10.244.1.3'] },
      'default/db': { addresses: ['10.244.1.4'] },
    },
    policies:
      policy === undefined
        ? []
        : [networkPolicy(`default/${policy}`, { podSelector: {}, ingress: [{}] })],
  });
}

test('what listeners hear is bounded: one kind once a second, and so many kinds', async () => {
  const { log, see } = createLog();
  const heard: ObservedFlow[] = [];
  const abort = new AbortController();
  const following = log.follow((flow) => heard.push(flow), abort.signal);
  for (let i = 0; i < 50; i += 1) see({});
  expect(heard).toHaveLength(1);
  see({ at: '2026-01-01T00:00:01.000Z' });
  expect(heard.at(-1)).toMatchObject({ count: 51, verdict: 'allowed' });
  for (let port = 1; port < 5000; port += 1)
    see({ destinationPort: port, at: '2026-01-01T00:00:02.000Z' });
  expect(heard.length).toBeLessThan(110);
  abort.abort();
  await following;
});

test('what is kept is bounded, and the longest unseen goes first', () => {
  const { log, see } = createLog();
  for (let port = 1; port <= 3000; port += 1) {
    see({ destinationPort: port });
    see({ destinationPort: 1 });
  }
  const ports = log.recent().map(({ port }) => port);
  expect(ports).toHaveLength(1000);
  expect(ports).toContain(1);
  expect(ports).toContain(3000);
  expect(ports).not.toContain(2);
});

test('a drop that reasoning cannot explain is told in the words of the rules, other packets not at all', () => {
  const { log, see } = createLog();
  see({ prefix: 'gh:deny:ingress:1' });
  see({ prefix: 'gh:log:1' });
  see({ netns: 'elsewhere' });
  expect(log.recent().map(({ verdict, explanation }) => `${verdict}: ${explanation}`)).toEqual([
    'denied: Denied: ingress policies prod/deny do not allow it.',
  ]);
});

test.each([
  ['a program', { sourcePort: 40_000 }, false],
  ['a probe', { sourcePort: 10_000 }, true],
  ['a probe with a port behind those of programs', { sourcePort: 61_000 }, true],
  ['a probe by UDP', { sourcePort: 29_999, protocol: 17 }, true],
  ['the answer to a probe', { sourcePort: 80, destinationPort: 12_345 }, true],
  ['a program to a server on such a port', { sourcePort: 40_000, destinationPort: 27_017 }, false],
  ['what has no ports', { protocol: 1, sourcePort: 0, destinationPort: 0 }, false],
])('%s is told from the others', (_, packet, isProbe) => {
  const { log, see } = createLog();
  see(packet);
  expect(log.recent().map((flow) => flow.isProbe)).toEqual([isProbe]);
});

test('probes are counted apart, and take nothing from what is told of programs', () => {
  const { log, see } = createLog();
  const told: boolean[] = [];
  void log.follow((flow) => told.push(flow.isProbe), new AbortController().signal);
  for (let port = 1; port <= 500; port += 1) see({ sourcePort: 20_000, destinationPort: port });
  see({ destinationPort: 80 });
  expect(told.at(-1)).toBe(false);
  expect(log.recent().at(-1)).toMatchObject({ port: 80, count: 1, isProbe: false });
});

test('when another rule decides, a kind of flow begins anew, with that rule', () => {
  const policies = [undefined, 'first', 'first', 'second'];
  let at = 0;
  const { log, see } = createLog(() => worldWith(policies[at]));
  const told: string[] = [];
  void log.follow(
    ({ explanation, count }) => told.push(`${count} ${explanation}`),
    new AbortController().signal,
  );
  for (at = 0; at < policies.length; at += 1) see({ at: `2026-01-01T00:00:0${at}.000Z` });
  expect(told).toEqual([
    expect.stringMatching(/^1 Allowed: no policy isolates/),
    expect.stringMatching(/^1 Allowed: .* default\/first admits/),
    expect.stringMatching(/^2 Allowed: .* default\/first admits/),
    expect.stringMatching(/^1 Allowed: .* default\/second admits/),
  ]);
});

import { EventEmitter } from 'node:events';
import type { ObservedFlow } from '../../../common/flow.js';
import { SILENT } from '../../../common/logger.js';
import type { Agent, LoggedPacket } from '../agent/agent.js';
import { FlowLog } from './flow-log.js';

/** As much of an agent as a flow log uses: it takes the rules, and tells packets when the test says so. */
function createLog(): {
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
    worldOf: () => undefined,
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

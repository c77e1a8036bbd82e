import type { Cluster } from '../../clusters/provider.js';
import type { ObservedFlow } from '../../common/flow.js';
import { SILENT } from '../../common/logger.js';
import { MOST_FLOWS_SHOWN, type FlowsEvent } from '../../common/page-events.js';
import { followFlows } from './follow-flows.js';
import type { LiveLabState } from './live-lab.js';
import { Topic } from './topic.js';

const flow = (port: number, more: Partial<ObservedFlow> = {}): ObservedFlow => ({
  from: { address: '10.244.1.3', pod: 'prod/web' },
  to: { address: '10.244.1.4', pod: 'prod/db' },
  protocol: 'TCP',
  port,
  verdict: 'allowed',
  explanation: 'Allowed.',
  isProbe: false,
  seenOn: 'worker-1',
  firstAt: '2026-01-01T00:00:00.000Z',
  lastAt: '2026-01-01T00:00:00.000Z',
  count: 1,
  ...more,
});

/** A lab whose cluster tells flows when the test says so, and a page that follows them. */
function startFollowing({ hasFlows = true }: { hasFlows?: boolean } = {}) {
  const changes = new Topic<undefined>();
  const page = new AbortController();
  const told: FlowsEvent[] = [];
  const waiting: { until: (event: FlowsEvent) => boolean; done: () => void }[] = [];
  const network: { see: (flow: ObservedFlow) => void; end: () => void }[] = [];
  const cluster = {
    info: { provider: 'kind' },
    ...(hasFlows
      ? {
          flows: ({ onFlow, signal }: Parameters<NonNullable<Cluster['flows']>>[0] & object) =>
            new Promise<[]>((resolve) => {
              const end = () => {
                resolve([]);
              };
              signal?.addEventListener('abort', end);
              network.push({ see: (each) => onFlow?.(each), end });
            }),
        }
      : {}),
  } as unknown as Cluster;
  const lab = { state: 'ready' as LiveLabState, cluster: () => Promise.resolve(cluster) };
  const following = followFlows({
    find: () => lab,
    changes,
    signal: page.signal,
    logger: SILENT,
    tell: (event) => {
      told.push(event);
      for (const { until, done } of waiting) if (until(event)) done();
    },
  });
  const hear = (until: (event: FlowsEvent) => boolean): Promise<void> =>
    new Promise((done) => {
      if (told.some(until)) done();
      else waiting.push({ until, done });
    });
  return {
    lab,
    told,
    network,
    hear,
    setState(state: LiveLabState) {
      lab.state = state;
      changes.publish(undefined);
    },
    async close() {
      page.abort();
      await following;
    },
  };
}

const portsIn = (event: FlowsEvent): number[] =>
  event.type === 'flows' ? event.flows.map(({ port }) => port) : [];
const tells =
  (port: number) =>
  (event: FlowsEvent): boolean =>
    portsIn(event).includes(port);
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('probes of the platform are left out: they would tell what graders look at', async () => {
  const page = startFollowing();
  await soon();
  page.network[0]?.see(flow(5432, { isProbe: true }));
  page.network[0]?.see(flow(80));
  await page.hear(tells(80));
  expect(page.told.flatMap(portsIn)).toEqual([80]);
  await page.close();
});

test('what is told at once is bounded, and the newest counts of a row are what is told', async () => {
  const page = startFollowing();
  await soon();
  for (let port = 1; port <= 1000; port += 1) page.network[0]?.see(flow(port));
  page.network[0]?.see(flow(1000, { count: 7 }));
  await page.hear(tells(1000));
  const flows = page.told.flatMap((event) => (event.type === 'flows' ? event.flows : []));
  expect(flows).toHaveLength(MOST_FLOWS_SHOWN);
  expect(flows.at(-1)).toMatchObject({ port: 1000, count: 7 });
  await page.close();
});

test('a reset begins anew, and while there is no network the page is told why', async () => {
  const page = startFollowing();
  await soon();
  page.network[0]?.see(flow(80));
  await page.hear(tells(80));
  page.setState('resetting');
  page.network[0]?.end();
  await page.hear(({ type }) => type === 'none');
  page.setState('ready');
  await page.hear((event) => event.type === 'flows' && event.fresh && event.flows.length === 0);
  page.network[1]?.see(flow(81));
  await page.hear(tells(81));
  expect(page.network).toHaveLength(2);
  await page.close();
});

test('where a provider sees no packets, the page is told so', async () => {
  const page = startFollowing({ hasFlows: false });
  await page.hear((event) => event.type === 'none' && event.reason.includes('kind'));
  await page.close();
});

test('a page that is gone costs nothing more: the stream of the cluster ends with it', async () => {
  const page = startFollowing();
  await soon();
  await page.close();
  const before = page.told.length;
  page.network[0]?.see(flow(80));
  page.setState('ready');
  expect(page.told).toHaveLength(before);
  expect(page.network).toHaveLength(1);
});

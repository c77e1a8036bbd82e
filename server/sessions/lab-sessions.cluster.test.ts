import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import {
  createEmbeddedUnderTest,
  type EmbeddedUnderTest,
} from '../../test/support/embedded-provider.js';
import {
  joinAs,
  startTestServer,
  type Browser,
  type TestServer,
} from '../test-support/start-test-server.js';

const LAB = '/labs/05-networking/09-deny-all';
const TIMEOUT_MS = 120_000;

let under: EmbeddedUnderTest;
beforeAll(async () => {
  under = await createEmbeddedUnderTest();
}, TIMEOUT_MS);
afterAll(() => under[Symbol.asyncDispose](), TIMEOUT_MS);

/** The server above real clusters; those that a test leaves are ended with it. */
async function startWithClusters(
  overrides: Record<string, string> = {},
  provider = under.provider,
): Promise<TestServer> {
  const running = await startTestServer(overrides, { provider });
  return {
    ...running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      for (const { name } of await under.provider.list()) {
        await (await under.provider.open(name))[Symbol.asyncDispose]();
      }
    },
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error('it did not come to pass within a minute');
}

async function untilReady(browser: Browser): Promise<void> {
  await until(async () => {
    const page = await browser.get(`${LAB}/look`);
    return page.text.includes('data-cluster="ready"');
  });
}

const openTerminal = (browser: Browser) =>
  browser.post(`${LAB}/terminals`).set('Accept', 'application/json');

/** The status that a socket is refused with, or `open`. */
async function trySocket(
  running: TestServer,
  { browser, id, origin }: { browser?: Browser; id: string; origin?: string },
): Promise<number | 'open'> {
  const socket = new WebSocket(
    `${running.server.url.replace('http', 'ws')}${LAB}/terminals/${id}`,
    {
      headers: {
        origin: origin ?? running.server.url,
        ...(browser === undefined ? {} : { cookie: browser.cookie }),
      },
    },
  );
  return new Promise((resolve) => {
    socket.on('open', () => {
      resolve('open');
      socket.terminate();
    });
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('error', () => undefined);
  });
}

test(
  'two quick clicks start one lab, and ending it leaves no cluster',
  async () => {
    await using running = await startWithClusters();
    const { owner } = running;
    const starts = await Promise.all([
      owner.post(`${LAB}/session/start`),
      owner.post(`${LAB}/session/start`),
    ]);
    expect(starts.map(({ status }) => status)).toEqual([303, 303]);
    await untilReady(owner);
    expect(await under.provider.list()).toHaveLength(1);
    await owner.post(`${LAB}/session/end`, { confirmed: 'yes' });
    await until(async () => (await under.provider.list()).length === 0);
  },
  TIMEOUT_MS,
);

test(
  'a lab that is ended while its cluster is being made leaves nothing behind',
  async () => {
    await using running = await startWithClusters();
    await running.owner.post(`${LAB}/session/start`);
    await running.owner.post(`${LAB}/session/end`, { confirmed: 'yes' });
    await until(async () => (await under.provider.list()).length === 0);
    expect((await running.owner.get(LAB)).text).toContain('Start the lab');
  },
  TIMEOUT_MS,
);

test(
  "sockets: strangers, other pages, other learners and closed tabs are refused; one's own page is let in",
  async () => {
    await using running = await startWithClusters();
    const ada = await joinAs(running, 'Ada');
    const bob = await joinAs(running, 'Bob');
    await ada.post(`${LAB}/session/start`);
    await untilReady(ada);
    const opened: { id: string } = (await openTerminal(ada)).body;
    const { id } = opened;
    expect(await trySocket(running, { browser: ada, id })).toBe('open');
    expect(await trySocket(running, { id })).toBe(401);
    expect(await trySocket(running, { browser: ada, id, origin: 'http://evil.example' })).toBe(403);
    expect(await trySocket(running, { browser: bob, id })).toBe(404);
    await bob.post(`${LAB}/session/start`);
    await untilReady(bob);
    expect(await trySocket(running, { browser: bob, id })).toBe(404);
    expect((await bob.post(`${LAB}/terminals/${id}/close`)).status).toBe(404);
    await ada.post(`${LAB}/terminals/${id}/close`);
    expect(await trySocket(running, { browser: ada, id })).toBe(404);
  },
  TIMEOUT_MS,
);

test(
  'limits: labs of one learner, of everybody, and terminals of a lab',
  async () => {
    await using running = await startWithClusters({
      maxSessions: '1',
      maxTerminalsPerSession: '2',
    });
    const ada = await joinAs(running, 'Ada');
    const bob = await joinAs(running, 'Bob');
    await ada.post(`${LAB}/session/start`);
    const refused = await bob.post(`${LAB}/session/start`);
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('as many labs as it may');
    await untilReady(ada);
    expect((await openTerminal(ada)).status).toBe(200);
    expect((await openTerminal(ada)).status).toBe(200);
    expect((await openTerminal(ada)).status).toBe(429);
  },
  TIMEOUT_MS,
);

test(
  'a cluster of ours that no lab knows is deleted at the start; others are left alone',
  async () => {
    await using first = await startWithClusters();
    await first.owner.post(`${LAB}/session/start`);
    await untilReady(first.owner);
    const [ours] = await under.provider.list();
    const spec = { nodes: 1, cni: 'calico', manifests: [], nodeShell: false } as const;
    const orphan = { installation: ours?.labels['installation'] ?? '', lab: 'x', session: 'gone' };
    await under.provider.create({ ...spec, name: 'orphan', labels: orphan });
    await under.provider.create({ ...spec, name: 'stranger', labels: {} });
    await first.server[Symbol.asyncDispose]();
    await using second = await startWithClusters({ stateDir: first.stateDir });
    const names = (await under.provider.list()).map(({ name }) => name).sort();
    expect(names).toEqual([ours?.name, 'stranger'].sort());
    expect(second.stateDir).toBeDefined();
  },
  TIMEOUT_MS,
);

test(
  'the event stream tells the phases of a start, one after the other, and ends with a terminal',
  async () => {
    await using running = await startWithClusters();
    const { owner, server } = running;
    await owner.post(`${LAB}/session/start`);
    const request = get(`${server.url}${LAB}/session/events`, {
      headers: { cookie: owner.cookie },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await until(() => Promise.resolve(text.includes('"title":"Shell 1"')));
    request.destroy();
    const states = text
      .split('\n')
      .filter((line) => line.startsWith('data: {"cluster"'))
      .map((line) => JSON.parse(line.slice(6)) as { cluster: string; fraction: number });
    const fractions = states.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(states.at(-1)).toMatchObject({ cluster: 'ready', fraction: 1 });
  },
  TIMEOUT_MS,
);

test(
  'while a cluster is away its page says so, and Check in the same words instead of a verdict',
  async () => {
    const trouble = { state: 'away', message: 'Docker is not running.', fix: 'Start it.' } as const;
    const { provider } = under;
    await using running = await startWithClusters(
      {},
      {
        ...provider,
        create: async (...wanted) => ({
          ...(await provider.create(...wanted)),
          trouble: () => Promise.resolve(trouble),
        }),
      },
    );
    const { owner } = running;
    await owner.post(`${LAB}/session/start`);
    await until(async () =>
      (await owner.get(`${LAB}/look`)).text.includes('Your cluster does not answer.'),
    );
    const refused = await owner.post(`${LAB}/steps/look/check`);
    expect(refused.text).toContain('Your cluster does not answer. Docker is not running.');
    expect(refused.text).toContain('Start it.');
    expect((await owner.get(`${LAB}/look`)).text).not.toContain('class="summary');
  },
  TIMEOUT_MS,
);

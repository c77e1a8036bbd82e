import supertest from 'supertest';
import type { ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import { SILENT } from '../../common/logger.js';
import { Cleanup } from '../../system/cleanup.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { readSettings, type SettingsOverrides } from '../config.js';
import { csrfTokenOf } from '../http/csrf.js';
import { startServer, type RunningServer } from '../main.js';

export interface TestServer extends AsyncDisposable {
  server: RunningServer;
  stateDir: string;
  /** A browser that is signed in as the owner. */
  owner: Browser;
}

/** A browser with its cookie, as far as these tests need one. */
export interface Browser {
  cookie: string;
  get(path: string): supertest.Test;
  /** As a form of our own pages sends it: same origin, with the form token. */
  post(path: string, fields?: Record<string, string>): supertest.Test;
}

/** The whole server on a free port with a state folder of its own; without a provider, on a machine that has no clusters. */
export async function startTestServer(
  overrides: SettingsOverrides = {},
  { provider = NO_CLUSTERS }: { provider?: ClusterProvider } = {},
): Promise<TestServer> {
  await using cleanup = new Cleanup();
  const folder = await createTempFolder('server');
  cleanup.add('folder', () => folder[Symbol.asyncDispose]());
  const settings = readSettings({
    stateDir: folder.path,
    port: 0,
    logLevel: 'silent',
    ...overrides,
  });
  const server = await startServer(settings, { provider, logger: SILENT });
  cleanup.add('server', () => server[Symbol.asyncDispose]());
  const owner = await signIn(server, server.signInLink);
  const running = cleanup.move();
  return {
    server,
    stateDir: folder.path,
    owner,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Follows a sign-in link. */
export async function signIn(server: RunningServer, link: string): Promise<Browser> {
  const { pathname, search } = new URL(link);
  const response = await supertest(server.url).get(`${pathname}${search}`);
  return browserWith(server, cookieOf(response));
}

export function browserWith(server: RunningServer, cookie: string): Browser {
  const token = cookie.split('=')[1] ?? '';
  return {
    cookie,
    get: (path) => supertest(server.url).get(path).set('Cookie', cookie).set('Accept', 'text/html'),
    post: (path, fields = {}) =>
      supertest(server.url)
        .post(path)
        .set('Cookie', cookie)
        .set('Accept', 'text/html')
        .set('Origin', server.url)
        .type('form')
        .send({ _csrf: csrfTokenOf(token), ...fields }),
  };
}

export function cookieOf(response: supertest.Response): string {
  const header: unknown = response.headers['set-cookie'];
  const first: unknown = Array.isArray(header) ? header[0] : header;
  return typeof first === 'string' ? (first.split(';')[0] ?? '') : '';
}

const notReady = (): Promise<never> =>
  Promise.reject(new GatehouseError('MACHINE_NOT_READY', 'this machine has no clusters'));

/** A learner of a new class. */
export async function joinAs(running: TestServer, name: string): Promise<Browser> {
  await running.owner.post('/instructor/classes', { title: `Class of ${name}` });
  const page = await running.owner.get('/instructor');
  const path = /\/join\/[a-z0-9-]+/.exec(page.text)?.[0] ?? '';
  const joined = await supertest(running.server.url)
    .post(path)
    .set('Origin', running.server.url)
    .type('form')
    .send({ name });
  return browserWith(running.server, cookieOf(joined));
}

/** What a provider is on a machine that cannot run clusters. */
const NO_CLUSTERS: ClusterProvider = {
  name: 'embedded',
  create: notReady,
  open: notReady,
  list: () => Promise.resolve([]),
  doctor: () => Promise.resolve([]),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

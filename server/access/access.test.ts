import supertest from 'supertest';
import { csrfTokenOf } from '../http/csrf.js';
import {
  browserWith,
  cookieOf,
  signIn,
  startTestServer,
  type Browser,
  type TestServer,
} from '../test-support/start-test-server.js';
import { ACCESS, splitRouteName, type RouteName } from './access.js';

let running: TestServer;
let learner: Browser;

beforeAll(async () => {
  running = await startTestServer();
  await running.owner.post('/instructor/classes', { title: 'Monday' }).expect(303);
  const page = await running.owner.get('/instructor').expect(200);
  const join = /\/join\/[a-z0-9-]+/.exec(page.text)?.[0] ?? '';
  const joined = await supertest(running.server.url)
    .post(join)
    .set('Origin', running.server.url)
    .type('form')
    .send({ name: 'Ada' })
    .expect(303);
  learner = browserWith(running.server, cookieOf(joined));
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const ROUTES = Object.keys(ACCESS) as RouteName[];
const HTTP_ROUTES = ROUTES.filter((name) => !name.startsWith('SOCKET'));
const examplePath = (name: RouteName): string =>
  splitRouteName(name)
    .path.replace(':chapter/:lab', '05-networking/09-deny-all')
    .replace('*file', 'main.css')
    .replaceAll(/:[a-z]+/g, 'x');

test.each(HTTP_ROUTES.filter((name) => ACCESS[name] !== 'anybody'))(
  '%s sends a stranger to sign in',
  async (name) => {
    const { method } = splitRouteName(name);
    const agent = supertest(running.server.url);
    const request =
      method === 'GET'
        ? agent.get(examplePath(name))
        : agent.post(examplePath(name)).set('Origin', running.server.url);
    const response = await request.set('Accept', 'text/html');
    expect(response.status).toBe(401);
    expect(response.text).toContain('Gatehouse has no passwords');
  },
);

test.each(HTTP_ROUTES.filter((name) => ACCESS[name] === 'instructor' || ACCESS[name] === 'admin'))(
  '%s is refused to a learner',
  async (name) => {
    const { method } = splitRouteName(name);
    const response = await (method === 'GET'
      ? learner.get(examplePath(name))
      : learner.post(examplePath(name)));
    expect(response.status).toBe(403);
  },
);

test('an instructor is refused what is for admins, and let in to the class', async () => {
  const page = await running.owner.post('/instructor/instructors', { name: 'Grace' });
  const link = /http:[^"]*\/sign-in\?token=[\w-]+/.exec(page.text)?.[0] ?? '';
  const instructor = await signIn(running.server, link);
  expect((await instructor.get('/instructor')).status).toBe(200);
  expect((await instructor.post('/instructor/instructors', { name: 'Eve' })).status).toBe(403);
});

test.each(HTTP_ROUTES.filter((name) => name.startsWith('POST')))(
  '%s is refused from another web page, with the right cookie and form token',
  async (name) => {
    const token = running.owner.cookie.split('=')[1] ?? '';
    for (const headers of [
      { Origin: 'http://evil.example' },
      { 'Sec-Fetch-Site': 'cross-site' },
      {},
    ]) {
      const response = await supertest(running.server.url)
        .post(examplePath(name))
        .set('Cookie', running.owner.cookie)
        .set(headers)
        .type('form')
        .send({ _csrf: csrfTokenOf(token) });
      expect(response.status).toBe(403);
    }
  },
);

test.each(HTTP_ROUTES.filter((name) => name.startsWith('POST') && ACCESS[name] !== 'anybody'))(
  '%s is refused without the form token of this sign-in',
  async (name) => {
    const response = await running.owner.post(examplePath(name), { _csrf: csrfTokenOf('other') });
    expect(response.status).toBe(403);
    expect(response.text).toContain('older sign-in');
  },
);

test('a name that somebody else pointed at this server is not answered', async () => {
  const response = await running.owner.get('/').set('Host', 'rebound.example');
  expect(response.status).toBe(403);
});

test('nothing is served but what the table names', async () => {
  for (const path of ['/admin', '/server/main.ts', '/labs', '/assets/../package.json']) {
    const response = await running.owner.get(path);
    expect(response.status).toBe(404);
  }
});

test('every answer carries the strict content policy, and only step pages the exception for xterm.js', async () => {
  const home = await running.owner.get('/');
  const policy = String(home.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).not.toContain('upgrade-insecure-requests');
  expect(home.headers['strict-transport-security']).toBeUndefined();
  const step = await running.owner.get('/labs/05-networking/09-deny-all/look');
  const stepPolicy = String(step.headers['content-security-policy']);
  expect(stepPolicy).toMatch(/script-src 'self';/);
});

test('the session cookie is out of reach of scripts and of other sites', async () => {
  const link = await running.server.createOwnerLink();
  const { pathname, search } = new URL(link);
  const response = await supertest(running.server.url).get(`${pathname}${search}`);
  expect(String(response.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Lax/);
});

import supertest from 'supertest';
import { createOwnerLink } from '../../main.js';
import { readSettings } from '../../config.js';
import { signIn, startTestServer } from '../../test-support/start-test-server.js';

test('a link signs in once; the second browser is told how to get its own', async () => {
  await using running = await startTestServer();
  expect((await running.owner.get('/')).status).toBe(200);
  const { pathname, search } = new URL(running.server.signInLink);
  const second = await supertest(running.server.url)
    .get(`${pathname}${search}`)
    .set('Accept', 'text/html');
  expect(second.status).toBe(401);
  expect(second.text).toContain('used before');
  expect(second.text).toContain('scripts/gatehouse link');
});

test('the browser that used the link may follow it again', async () => {
  await using running = await startTestServer();
  const { pathname, search } = new URL(running.server.signInLink);
  const again = await running.owner.get(`${pathname}${search}`);
  expect(again.status).toBe(303);
  expect(again.headers['location']).toBe('/');
});

test('looking at a link without following it does not use it up', async () => {
  await using running = await startTestServer();
  const link = await running.server.createOwnerLink();
  const { pathname, search } = new URL(link);
  await supertest(running.server.url).head(`${pathname}${search}`);
  const browser = await signIn(running.server, link);
  expect((await browser.get('/')).status).toBe(200);
});

test('a new owner link can be made beside the running server', async () => {
  await using running = await startTestServer();
  const settings = readSettings({ stateDir: running.stateDir });
  const browser = await signIn(running.server, await createOwnerLink(settings));
  expect((await browser.get('/instructor')).status).toBe(200);
});

test('guessing tokens is slowed down, and the answer says for how long', async () => {
  await using running = await startTestServer();
  const answers: supertest.Response[] = [];
  for (let i = 0; i < 25; i += 1) {
    answers.push(await supertest(running.server.url).get(`/sign-in?token=guess${i}`));
  }
  const statuses = answers.map(({ status }) => status);
  expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
  expect(statuses.slice(20)).toEqual(Array(5).fill(429));
  const last = answers.at(-1);
  const seconds = Number(last?.headers['retry-after']);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  expect(last?.text).toMatch(/try again in \d+ seconds?\./);
});

test('signing out ends the sign-in', async () => {
  await using running = await startTestServer();
  expect((await running.owner.post('/sign-out')).status).toBe(303);
  expect((await running.owner.get('/')).status).toBe(401);
});

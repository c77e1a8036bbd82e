import supertest from 'supertest';
import {
  browserWith,
  cookieOf,
  startTestServer,
  type TestServer,
} from '../../test-support/start-test-server.js';

async function createClass(running: TestServer): Promise<string> {
  await running.owner.post('/instructor/classes', { title: 'Monday <b>' });
  const page = await running.owner.get('/instructor');
  return /\/join\/[a-z0-9-]+/.exec(page.text)?.[0] ?? '';
}

function join(running: TestServer, path: string, name: string): supertest.Test {
  return supertest(running.server.url)
    .post(path)
    .set('Origin', running.server.url)
    .type('form')
    .send({ name });
}

test('a learner joins with a name and is nobody else', async () => {
  await using running = await startTestServer();
  const path = await createClass(running);
  const page = await supertest(running.server.url).get(path);
  expect(page.text).toContain('Monday &lt;b&gt;');
  const joined = await join(running, path, '  Ada Lovelace ');
  const learner = browserWith(running.server, cookieOf(joined));
  const home = await learner.get('/');
  expect(home.text).toContain('Ada Lovelace');
  expect(home.text).not.toContain('href="/instructor"');
});

test('a name that is taken is refused and stays in the form', async () => {
  await using running = await startTestServer();
  const path = await createClass(running);
  await join(running, path, 'Ada');
  const second = await join(running, path, 'ada');
  expect(second.status).toBe(400);
  expect(second.text).toContain('already called ada');
  expect(second.text).toContain('value="ada"');
});

test('an unknown class is not found', async () => {
  await using running = await startTestServer();
  expect((await supertest(running.server.url).get('/join/nope')).status).toBe(404);
});

test('a learner who changed browsers comes back through a link from the instructor', async () => {
  await using running = await startTestServer();
  const path = await createClass(running);
  await join(running, path, 'Ada');
  const page = await running.owner.get('/instructor');
  const action = /\/instructor\/learners\/\w+\/link/.exec(page.text)?.[0] ?? '';
  const shown = await running.owner.post(action);
  const link = /sign-in\?token=[\w-]+/.exec(shown.text)?.[0] ?? '';
  const back = await supertest(running.server.url).get(`/${link}`);
  const home = await browserWith(running.server, cookieOf(back)).get('/');
  expect(home.text).toContain('Ada');
});

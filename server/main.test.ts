import { createServer, get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { browserWith, startTestServer } from './test-support/start-test-server.js';
import { readSettings } from './config.js';
import { startServer } from './main.js';

test('a taken port is an error that names who has it and offers another', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await expect(startTestServer({ port })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`process ${process.pid}`),
      fix: expect.stringContaining('--port'),
    });
  } finally {
    other.close();
  }
});

test('a second server in the same folder is refused, and told how to get into the first', async () => {
  await using first = await startTestServer();
  const settings = readSettings({ stateDir: first.stateDir, port: 0 });
  await expect(startServer(settings)).rejects.toMatchObject({
    code: 'NOT_AVAILABLE',
    message: expect.stringContaining(`process ${process.pid}`),
    fix: expect.stringContaining('gatehouse link'),
  });
  expect((await first.owner.get('/')).status).toBe(200);
});

test('a state folder that cannot be one is told by its name', async () => {
  const settings = readSettings({ stateDir: import.meta.filename, port: 0 });
  await expect(startServer(settings)).rejects.toMatchObject({
    code: 'NOT_AVAILABLE',
    message: `the state folder ${import.meta.filename} is a file, not a folder`,
  });
});

test('a server that starts again still knows its browsers', async () => {
  await using first = await startTestServer();
  const settings = readSettings({ stateDir: first.stateDir, port: 0 });
  const port = first.server.port;
  const { cookie } = first.owner;
  await first.server[Symbol.asyncDispose]();
  await using second = await startServer({ ...settings, port });
  expect((await browserWith(second, cookie).get('/')).status).toBe(200);
});

test('it closes while an event stream is open', async () => {
  const running = await startTestServer();
  const { cookie } = running.owner;
  const stream = get(`${running.server.url}/instructor/events`, { headers: { cookie } });
  const [response] = (await once(stream, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  const ended = new Promise((resolve) => {
    response
      .on('error', () => undefined)
      .on('close', resolve)
      .resume();
  });
  const startedAt = performance.now();
  await running[Symbol.asyncDispose]();
  expect(performance.now() - startedAt).toBeLessThan(3000);
  await ended;
});

import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { startTestServer, type TestServer } from '../test-support/start-test-server.js';
import { MOST_STREAMS } from './event-stream.js';

const EVENTS = '/labs/05-networking/09-deny-all/session/events';

function openStream({ server, owner }: TestServer): Promise<[ClientRequest, IncomingMessage]> {
  return new Promise((resolve, reject) => {
    const headers = { Cookie: owner.cookie, Accept: 'application/json' };
    const request = get(`${server.url}${EVENTS}`, { headers, agent: false }, (response) => {
      response.resume().on('error', () => undefined);
      resolve([request, response]);
    });
    request.on('error', reject);
  });
}

test('somebody who opens pages without end is refused, until one is closed', async () => {
  await using running = await startTestServer();
  const open = await Promise.all(Array.from({ length: MOST_STREAMS }, () => openStream(running)));
  expect(new Set(open.map(([, { statusCode }]) => statusCode))).toEqual(new Set([200]));
  const [, refused] = await openStream(running);
  expect(refused.statusCode).toBe(429);
  const [first] = open[0]!;
  first.destroy();
  let status: number | undefined;
  for (let i = 0; i < 100 && status !== 200; i += 1) {
    await new Promise((done) => setTimeout(done, 20));
    const [request, response] = await openStream(running);
    status = response.statusCode;
    open.push([request, response]);
  }
  expect(status).toBe(200);
  for (const [request] of open) request.destroy();
});

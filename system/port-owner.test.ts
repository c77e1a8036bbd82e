import { once } from 'node:events';
import { createServer } from 'node:net';
import { findPortOwner } from './port-owner.js';

test('the process that listens on a port is found by that port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    expect(await findPortOwner(port)).toEqual({
      pid: process.pid,
      command: expect.stringContaining('node'),
    });
  } finally {
    server.close();
    await once(server, 'close');
  }
  expect(await findPortOwner(port)).toBeUndefined();
});

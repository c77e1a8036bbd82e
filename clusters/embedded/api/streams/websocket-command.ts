import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { ExecSession } from '../../agent/agent.js';
import { exitStatus, plainStatus, resizeFrom } from './remote-command.js';
import type { CommandStreams } from './remote-command.js';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
/** v5: the byte after it names the channel that the client closes. */
const CLOSE = 255;
const MAX_UNSENT_BYTES = 1024 * 1024;
/** kubectl reads before it has made its streams, and throws away what comes in that moment ("Unknown stream id"). */
const CLIENT_SETTLES_MS = 20;

export const COMMAND_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'base64.channel.k8s.io',
  '',
];

/** Joins a command to a WebSocket whose messages begin with the number of a stream. */
export async function runOverWebSocket(
  socket: WebSocket,
  session: ExecSession,
  streams: CommandStreams,
): Promise<void> {
  const { protocol } = socket;
  const base64 = protocol.includes('base64');
  let over = false;
  const send = (channel: number, data: Buffer): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (base64) socket.send(`${channel}${data.toString('base64')}`);
    else socket.send(Buffer.concat([Buffer.from([channel]), data]), { binary: true });
  };
  socket.on('message', (message: Buffer | ArrayBuffer | Buffer[]) => {
    const { channel, data } = readMessage(message, base64);
    if (channel === STDIN) {
      if (streams.stdin && data.length > 0 && !session.stdin.write(data)) {
        socket.pause();
        session.stdin.once('drain', () => {
          socket.resume();
        });
      }
    } else if (channel === RESIZE) resizeFrom(data.toString('utf8'), session);
    else if (channel === CLOSE && data[0] === STDIN) session.stdin.end();
  });
  socket.on('close', () => {
    if (!over) session.close();
  });
  socket.on('error', () => undefined);
  session.stdin.on('error', () => undefined);

  await sleep(CLIENT_SETTLES_MS);
  const pump = async (stream: NodeJS.ReadableStream, channel: number): Promise<void> => {
    for await (const chunk of stream) {
      send(channel, Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
      if (socket.bufferedAmount > MAX_UNSENT_BYTES) await sent(socket);
    }
  };
  await Promise.all([
    streams.stdout ? pump(session.stdout, STDOUT) : discard(session.stdout),
    streams.stderr ? pump(session.stderr, STDERR) : discard(session.stderr),
  ]).catch(() => undefined);
  const status = await exitStatus(session);
  over = true;
  const isPlain = !protocol.startsWith('v4') && !protocol.startsWith('v5');
  const text = isPlain ? plainStatus(status) : JSON.stringify(status);
  if (text !== '') send(ERROR, Buffer.from(text));
  socket.close(1000);
}

function readMessage(
  message: Buffer | ArrayBuffer | Buffer[],
  base64: boolean,
): { channel: number; data: Buffer } {
  const bytes = Array.isArray(message)
    ? Buffer.concat(message)
    : Buffer.isBuffer(message)
      ? message
      : Buffer.from(message);
  if (!base64) return { channel: bytes[0] ?? STDIN, data: bytes.subarray(1) };
  const text = bytes.toString('ascii');
  return { channel: Number(text[0]), data: Buffer.from(text.slice(1), 'base64') };
}

async function discard(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const _chunk of stream);
}

/** Waits until a slow client has read what it was sent. */
async function sent(socket: WebSocket): Promise<void> {
  const POLL_MS = 5;
  while (socket.bufferedAmount > MAX_UNSENT_BYTES / 2 && socket.readyState === socket.OPEN) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { GatehouseError } from '../../../common/errors.js';
import type { Gate } from '../../access/gate.js';
import type { ServerContext } from '../../context.js';
import { describeError } from '../../render-error.js';
import type { Terminal } from '../../sessions/terminal.js';
import { parseTerminalMessage } from './schema.js';

const PATH = /^\/labs\/([^/]+)\/([^/]+)\/terminals\/([^/]+)$/;
/** One paste. Larger ones come in several frames. */
const MOST_FRAME_BYTES = 256 * 1024;
/** What may wait in a socket of a page that says it draws but does not take. */
const MOST_WAITING_BYTES = 2 * 1024 * 1024;
const PING_MS = 25_000;
const CLOSED_FOR_GOOD = 4000;

/** The sockets of all terminals: bytes both ways, and a few messages. */
export function serveTerminalSockets(
  server: Server,
  { context, gate }: { context: ServerContext; gate: Gate },
): Disposable {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const isAlive = new WeakSet<WebSocket>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    findTerminal(request, { context, gate }).then(
      (terminal) => {
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          isAlive.add(webSocket);
          connect(terminal, webSocket);
        });
      },
      (error: unknown) => {
        const { status, message } = describeError(error, context.logger);
        socket.end(
          `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n` +
            `Content-Type: text/plain; charset=utf-8\r\n\r\n${message}\n`,
        );
      },
    );
  });
  const ping = setInterval(() => {
    for (const webSocket of sockets.clients) {
      if (!isAlive.has(webSocket)) {
        webSocket.terminate();
        continue;
      }
      isAlive.delete(webSocket);
      webSocket.once('pong', () => isAlive.add(webSocket));
      webSocket.ping();
    }
  }, PING_MS);
  ping.unref();
  return {
    [Symbol.dispose]() {
      clearInterval(ping);
      for (const webSocket of sockets.clients) webSocket.terminate();
      sockets.close();
    },
  };
}

async function findTerminal(
  request: IncomingMessage,
  { context, gate }: { context: ServerContext; gate: Gate },
): Promise<Terminal> {
  const match = PATH.exec(new URL(request.url ?? '/', 'http://localhost').pathname);
  const [, chapter, slug, id] = match ?? [];
  if (chapter === undefined || slug === undefined || id === undefined) {
    throw new GatehouseError('NOT_FOUND', 'there is no such socket');
  }
  const user = await gate.admitSocket('SOCKET /labs/:chapter/:lab/terminals/:terminal', request);
  const lab = await context.getLab({ chapter, lab: slug }, user);
  const terminal = context.sessions.get(user.id, lab.id).terminals.get(id);
  terminal.checkRoom();
  return terminal;
}

function connect(terminal: Terminal, webSocket: WebSocket): void {
  const attachment = terminal.attach({
    output: (bytes) => {
      if (webSocket.bufferedAmount > MOST_WAITING_BYTES) webSocket.terminate();
      else webSocket.send(bytes, { binary: true });
    },
    tell: (message) => {
      webSocket.send(JSON.stringify(message));
    },
    end: () => {
      webSocket.close(CLOSED_FOR_GOOD, 'this terminal was closed');
    },
  });
  webSocket.on('message', (data, isBinary) => {
    const text = textOf(data);
    if (isBinary) {
      attachment.input(text);
      return;
    }
    const message = parseTerminalMessage(text);
    switch (message?.type) {
      case 'resize':
        attachment.resize({ cols: message.cols, rows: message.rows });
        break;
      case 'ack':
        attachment.acknowledge(message.bytes);
        break;
      case 'restart':
        attachment.restart();
        break;
      case undefined:
        webSocket.close(1008, 'not one of our messages');
    }
  });
  webSocket.on('close', () => {
    attachment[Symbol.dispose]();
  });
  webSocket.on('error', () => {
    webSocket.terminate();
  });
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString();
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)).toString();
}

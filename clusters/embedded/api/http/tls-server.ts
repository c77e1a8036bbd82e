import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Identity } from '../auth/identity.js';

export interface TlsServerOptions {
  identity: Identity;
  request: (req: IncomingMessage, res: ServerResponse) => void;
  upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** HTTP/1.1 over TLS on any number of listeners: a unix socket for the cluster, a loopback port for the host. */
export class TlsServer implements AsyncDisposable {
  readonly #https: ReturnType<typeof createHttpsServer>;
  readonly #listeners: Server[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(options: TlsServerOptions) {
    const { identity } = options;
    this.#https = createHttpsServer({
      key: identity.server.keyPem,
      cert: identity.server.certPem,
      ca: identity.authority.certPem,
      requestCert: true,
      // Who brings no certificate may bring a token, or be anonymous.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
    });
    this.#https.on('request', options.request);
    this.#https.on('upgrade', options.upgrade);
    this.#https.on('clientError', (_error: Error, socket: Duplex) => {
      socket.destroy();
    });
    this.#https.on('tlsClientError', () => undefined);
    this.#https.keepAliveTimeout = 120_000;
  }

  async listenUnix(path: string): Promise<void> {
    await unlink(path).catch(() => undefined);
    await this.#listen({ path });
  }

  /** On loopback; port 0 takes a free one. */
  async listenLocal(port: number): Promise<{ port: number }> {
    const server = await this.#listen({ host: '127.0.0.1', port });
    const address = server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#listeners.splice(0).map(async (server) => {
      const end = once(server, 'close');
      server.close();
      await end;
    });
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  async #listen(where: { path: string } | { host: string; port: number }): Promise<Server> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#https.emit('connection', socket);
    });
    server.listen(where);
    await once(server, 'listening');
    this.#listeners.push(server);
    return server;
  }
}

import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { z } from 'zod';

const Kubeconfig = z.object({
  clusters: z.array(
    z.object({
      cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }),
    }),
  ),
  users: z.array(
    z.object({
      user: z.object({ 'client-certificate-data': z.string(), 'client-key-data': z.string() }),
    }),
  ),
});

export interface Reply {
  status: number;
  bytes: number;
  body: Buffer;
}

export interface Call {
  body?: string;
  headers?: Record<string, string>;
}

/** Requests over connections that stay open, as kubectl and informers make them. */
export class ApiClient implements Disposable {
  readonly #agent: Agent;
  readonly #server: URL;
  readonly #credentials: { ca: string; cert: string; key: string };

  constructor(kubeconfig: string, connections = 1) {
    const parsed = Kubeconfig.parse(parse(kubeconfig));
    const cluster = parsed.clusters[0]?.cluster;
    const user = parsed.users[0]?.user;
    if (cluster === undefined || user === undefined) throw new Error('an empty kubeconfig');
    const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
    this.#server = new URL(cluster.server);
    this.#credentials = {
      ca: text(cluster['certificate-authority-data']),
      cert: text(user['client-certificate-data']),
      key: text(user['client-key-data']),
    };
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Where to connect to, with the credentials. */
  get connection(): { host: string; port: number; ca: string; cert: string; key: string } {
    return { host: this.#server.hostname, port: Number(this.#server.port), ...this.#credentials };
  }

  #options(method: string, path: string, call: Call = {}): RequestOptions {
    return {
      ...this.connection,
      method,
      path,
      headers: {
        accept: 'application/json',
        ...(call.body !== undefined && {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(call.body)),
        }),
        ...call.headers,
      },
    };
  }

  async call(method: string, path: string, call: Call = {}): Promise<Reply> {
    const options = { ...this.#options(method, path, call), agent: this.#agent };
    return new Promise((resolve, reject) => {
      const req = request(options, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({ status: res.statusCode ?? 0, bytes: body.length, body });
        });
      });
      req.on('error', reject);
      req.end(call.body);
    });
  }

  /** A watch on a connection of its own; each line is an event. Resolves when it is open. */
  async watch(path: string, onEvents: (count: number) => void): Promise<() => void> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const req = request({ ...this.#options('GET', path), agent: false }, resolve);
      req.on('error', reject);
      req.end();
    });
    response.on('data', (chunk: Buffer) => {
      let lines = 0;
      for (const byte of chunk) if (byte === 10) lines += 1;
      if (lines > 0) onEvents(lines);
    });
    response.on('error', () => undefined);
    return () => {
      response.destroy();
    };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

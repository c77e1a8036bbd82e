import { createServer, type Server, type Socket } from 'node:net';
import { GatehouseError, messageOf } from '../../../common/errors.js';
import type { Logger } from '../../../common/logger.js';
import type { ObservedFlow } from '../../../common/flow.js';
import type { Phase } from '../../../common/progress.js';
import { ClientMessage, REQUESTS, type HostMessage, type RequestName } from './protocol.js';
import { readLines } from './lines.js';

export interface RequestContext {
  /** Fires when the request is cancelled or its connection ends. */
  signal: AbortSignal;
  onPhase: (phase: Phase) => void;
  onFlow: (flow: ObservedFlow) => void;
}

/** Answers one request; its parameters have been checked. */
export type Handle = (
  method: RequestName,
  params: unknown,
  context: RequestContext,
) => Promise<unknown>;

/** Serves the host's protocol on a unix socket. Resolves when it listens. */
export async function serveRequests(
  socketPath: string,
  handle: Handle,
  logger: Logger,
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(socket, handle, logger);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.end();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, 200).unref();
      });
    },
  };
}

function serveConnection(socket: Socket, handle: Handle, logger: Logger): void {
  const running = new Map<number, AbortController>();
  const send = (message: HostMessage): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  const answer = async (id: number, method: string, params: unknown): Promise<void> => {
    const abort = new AbortController();
    running.set(id, abort);
    const onEvent = (event: Phase | ObservedFlow): void => {
      send({ id, event });
    };
    try {
      const result = await handle(nameOf(method), parse(method, params), {
        signal: abort.signal,
        onPhase: onEvent,
        onFlow: onEvent,
      });
      send({ id, result: result ?? null });
    } catch (error) {
      if (!(error instanceof GatehouseError)) {
        const detail = error instanceof Error ? error.stack : messageOf(error);
        logger.error('a request failed', { method, error: detail });
      }
      send({ id, error: errorOf(error) });
    } finally {
      running.delete(id);
    }
  };
  const end = (): void => {
    for (const abort of running.values()) abort.abort();
  };
  socket.on('error', end);
  socket.on('close', end);
  readLines(socket, (line) => {
    const parsed = ClientMessage.safeParse(parseJson(line));
    if (!parsed.success) socket.destroy();
    else if ('cancel' in parsed.data) running.get(parsed.data.cancel)?.abort();
    else void answer(parsed.data.id, parsed.data.method, parsed.data.params);
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isRequestName(method: string): method is RequestName {
  return Object.hasOwn(REQUESTS, method);
}

function nameOf(method: string): RequestName {
  if (!isRequestName(method)) {
    throw new GatehouseError('BAD_REQUEST', `the cluster host knows no request "${method}"`);
  }
  return method;
}

function parse(method: string, params: unknown): unknown {
  const parsed = REQUESTS[nameOf(method)].safeParse(params);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new GatehouseError('BAD_REQUEST', `${place}: ${issue?.message ?? 'not understood'}`);
}

function errorOf(error: unknown): { code: string; message: string; fix?: string } {
  if (error instanceof GatehouseError) {
    const { code, message, fix } = error;
    return { code, message, ...(fix === undefined ? {} : { fix }) };
  }
  return { code: 'CLUSTER_FAILED', message: messageOf(error) };
}

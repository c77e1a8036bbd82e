import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { ApiError, badRequest } from '../api-error.js';
import { authenticate } from '../http/authenticate.js';
import { authorize } from '../http/authorize.js';
import type { ResourceContext, ServerParts } from '../http/context.js';
import { noSuchResource, toApiError } from '../http/api-errors.js';
import { admitConnection } from '../http/admit-action.js';
import { findObject } from '../http/reading.js';
import { parseRequest } from '../http/request-info.js';
import { handleLog } from './logs.js';
import {
  forwardOverChannels,
  forwardOverSpdy,
  forwardOverTunnel,
  PORT_FORWARD_PROTOCOL,
  TUNNEL_PROTOCOL,
} from './port-forward.js';
import { handleProxy } from './proxy.js';
import { commandStreams, prepareCommand } from './remote-command.js';
import { runOverSpdy, SPDY_COMMAND_PROTOCOLS } from './spdy-command.js';
import { requireHost, requireStreams } from './target.js';
import { COMMAND_PROTOCOLS, runOverWebSocket } from './websocket-command.js';

type Upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Subresources that stream without an upgrade; undefined for any other. */
export function streamHandler(context: ResourceContext): Promise<void> | undefined {
  switch (context.target.subresource) {
    case 'log':
      return handleLog(context);
    case 'proxy':
      return handleProxy(context);
    case 'exec':
    case 'attach':
    case 'portforward':
      return refusePlain(context);
    default:
      return undefined;
  }
}

/** Exec, attach and port-forward: requests that turn their connection into a WebSocket or into SPDY. */
export function upgradeHandler(parts: ServerParts): Upgrade {
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => COMMAND_PROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  // ws refuses names with a slash, so the tunnel's protocol is agreed upon around it.
  const tunnels = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  tunnels.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${TUNNEL_PROTOCOL}`));
  return (req, socket, head) => {
    socket.on('error', () => undefined);
    const accept: Accept = {
      webSocket: () => upgraded(webSockets, { req, socket, head }),
      tunnel: () => {
        delete req.headers['sec-websocket-protocol'];
        return upgraded(tunnels, { req, socket, head });
      },
      spdy: (protocol) => {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
        );
        if (head.length > 0) socket.unshift(head);
        return socket;
      },
    };
    serve(req, parts, accept).catch((error: unknown) => {
      refuse({ req, socket }, toApiError(error, parts, req.url ?? ''));
    });
  };
}

/** How a request's connection may change; called when nothing more can refuse it. */
interface Accept {
  webSocket(): Promise<WebSocket>;
  tunnel(): Promise<WebSocket>;
  spdy(protocol: string): Duplex;
}

async function serve(req: IncomingMessage, parts: ServerParts, accept: Accept): Promise<void> {
  const context = contextOf(req, parts);
  const kind = (req.headers.upgrade ?? '').toLowerCase();
  const isWebSocket = kind === 'websocket';
  if (!isWebSocket && kind !== 'spdy/3.1') throw upgradeRequired();
  await admitConnection(context);
  if (context.target.subresource === 'portforward') {
    await servePortForward(context, { isWebSocket, accept });
    return;
  }
  const protocol = isWebSocket ? '' : agreedProtocol(req, SPDY_COMMAND_PROTOCOLS);
  const start = prepareCommand(context);
  const streams = commandStreams(context.query);
  // Started first, so that a node's refusal is an answer and not a broken stream.
  const session = await start();
  try {
    if (isWebSocket) await runOverWebSocket(await accept.webSocket(), session, streams);
    else await runOverSpdy(accept.spdy(protocol), { session, streams, protocol });
  } catch (error) {
    session.close();
    throw error;
  }
}

async function servePortForward(
  context: ResourceContext,
  how: { isWebSocket: boolean; accept: Accept },
): Promise<void> {
  const { req, query } = context;
  const pod = findObject(context);
  requireHost(pod);
  const target = { streams: requireStreams(context), pod };
  if (!how.isWebSocket) {
    const protocol = agreedProtocol(req, [PORT_FORWARD_PROTOCOL]);
    await forwardOverSpdy(how.accept.spdy(protocol), target);
    return;
  }
  const offered = (req.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim());
  if (offered.includes(TUNNEL_PROTOCOL)) {
    await forwardOverTunnel(await how.accept.tunnel(), target);
    return;
  }
  const ports = query
    .getAll('ports')
    .flatMap((list) => list.split(','))
    .map(Number);
  if (ports.length === 0) throw badRequest('query parameter "ports" is required');
  await forwardOverChannels(await how.accept.webSocket(), { ...target, ports });
}

function contextOf(req: IncomingMessage, parts: ServerParts): ResourceContext {
  const info = parseRequest(req.method ?? 'GET', req.url ?? '/');
  const user = authenticate(req, parts);
  authorize(info, user, parts.rbac);
  const target = info.resource;
  if (target?.group !== '' || target.plural !== 'pods') throw upgradeRequired();
  if (!['exec', 'attach', 'portforward'].includes(target.subresource)) throw upgradeRequired();
  const served = parts.api.registry.findServed(target.group, target.version, target.plural);
  if (served === undefined) throw noSuchResource();
  return {
    req,
    res: new ServerResponse(req),
    query: info.query,
    warnings: [],
    info,
    user,
    server: parts,
    target,
    served,
    representation: { format: 'json', as: 'object', version: '' },
  };
}

/** The same faults as with an upgrade come first. */
function refusePlain(context: ResourceContext): Promise<void> {
  if (context.target.subresource === 'portforward') requireHost(findObject(context));
  else prepareCommand(context);
  throw upgradeRequired();
}

function upgradeRequired(): ApiError {
  return badRequest('Upgrade request required');
}

function agreedProtocol(req: IncomingMessage, supported: readonly string[]): string {
  const header = req.headers['x-stream-protocol-version'];
  const offered = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (offered.length === 0) return supported.at(-1) ?? '';
  const agreed = offered.find((name) => supported.includes(name));
  if (agreed !== undefined) return agreed;
  throw new ApiError(403, 'Forbidden', {
    message: `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${supported.join(' ')}]`,
  });
}

function upgraded(
  server: WebSocketServer,
  request: { req: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    // Of a client that is gone already, ws says nothing.
    const gone = (): void => {
      reject(badRequest('the client has gone away'));
    };
    if (request.socket.destroyed) gone();
    request.socket.once('close', gone);
    server.handleUpgrade(request.req, request.socket, request.head, resolve);
  });
}

/** A refusal instead of an upgrade is an ordinary answer on the connection. */
function refuse(request: { req: IncomingMessage; socket: Duplex }, error: ApiError): void {
  const { req, socket } = request;
  if (socket.destroyed || !socket.writable) return;
  const body = Buffer.from(JSON.stringify(error.toStatus()));
  socket.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${error.code} ${error.reason === '' ? 'Error' : error.reason}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
      ),
      body,
    ]),
  );
  req.resume();
}

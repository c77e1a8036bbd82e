import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../../../../common/json.js';
import type { ApiError } from '../api-error.js';
import { compressed, wantsGzip } from './compress.js';
import type { Representation } from './media-types.js';

const NO_CACHE = 'no-cache, private';

/** Sends JSON text; browsers and curl get it indented, as from the real server. */
export function sendText(
  exchange: Exchange,
  code: number,
  body: { text: string; format?: Representation['format'] },
): void {
  const { res } = exchange;
  let { text } = body;
  let type = 'application/json';
  if (body.format === 'yaml') {
    text = stringify(JSON.parse(text));
    type = 'application/yaml';
  } else if (wantsIndent(exchange)) {
    text = JSON.stringify(JSON.parse(text), null, 2);
  }
  const send = (payload: Buffer, encoding?: string): void => {
    res.writeHead(code, {
      'Content-Type': type,
      'Cache-Control': NO_CACHE,
      'Content-Length': payload.length,
      ...(encoding !== undefined && { 'Content-Encoding': encoding, Vary: 'Accept-Encoding' }),
      ...(exchange.warnings.length > 0 && { Warning: exchange.warnings.map(warningHeader) }),
    });
    if (exchange.req.method === 'HEAD') res.end();
    else endInSlices(res, payload);
  };
  const payload = Buffer.from(text, 'utf8');
  if (!wantsGzip(exchange.req, payload.length)) {
    send(payload);
    return;
  }
  compressed(payload, (result) => {
    if (!res.destroyed) send(result.payload, result.encoding);
  });
}

/** A long answer is encrypted and sent a piece at a time: in between, other clusters' requests have their turn. */
function endInSlices(res: ServerResponse, payload: Buffer): void {
  let at = 0;
  const next = (): void => {
    if (res.destroyed) return;
    const slice = payload.subarray(at, at + SLICE_BYTES);
    at += slice.length;
    if (at >= payload.length) res.end(slice);
    else if (res.write(slice)) setImmediate(next);
    else res.once('drain', next);
  };
  next();
}

const SLICE_BYTES = 256 * 1024;

export function sendJson(exchange: Exchange, code: number, value: JsonObject): void {
  sendText(exchange, code, { text: JSON.stringify(value) });
}

export function sendPlain(exchange: Exchange, code: number, text: string): void {
  const payload = Buffer.from(text, 'utf8');
  exchange.res.writeHead(code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': NO_CACHE,
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': payload.length,
  });
  exchange.res.end(exchange.req.method === 'HEAD' ? undefined : payload);
}

/** Sends a refusal; where an answer has begun already, the connection ends instead. */
export function sendError(exchange: Exchange, error: ApiError): void {
  if (exchange.res.headersSent) {
    exchange.res.destroy();
    return;
  }
  const seconds = error.details?.retryAfterSeconds;
  if (seconds !== undefined) exchange.res.setHeader('Retry-After', String(seconds));
  sendJson(exchange, error.code, error.toStatus());
}

/** One request with its answer, and warnings to be sent with it. */
export interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  query: URLSearchParams;
  warnings: string[];
}

/** The reply to a deletion, and to other requests that have nothing else to say. */
export function successStatus(details: JsonObject | undefined, code?: number): JsonObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details && { details }),
    ...(code !== undefined && { code }),
  };
}

export function indented(value: Json): string {
  return JSON.stringify(value, null, 2);
}

function wantsIndent({ req, query }: Exchange): boolean {
  const asked = query.get('pretty');
  if (asked !== null) return asked !== 'false' && asked !== '0';
  const agent = req.headers['user-agent'];
  return agent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
}

/** RFC 7234, the way kubectl parses it. */
function warningHeader(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&');
  return `299 - "${Buffer.from(plain, 'utf8').toString('latin1')}"`;
}

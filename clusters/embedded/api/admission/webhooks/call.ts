import { request } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { messageOf } from '../../../../../common/errors.js';
import type { Destination } from './destination.js';
import { CallError } from './webhook-objects.js';

/** Opens a connection from inside the cluster. */
export type Dial = (host: string, port: number) => Promise<Duplex>;

export interface Call {
  body: string;
  /** PEM; empty for the authorities that this machine trusts. */
  authorities: string;
  timeoutMs: number;
  dial: Dial;
}

/** As much as a webhook may answer. */
const LARGEST_ANSWER = 3 * 1024 * 1024;

/** Posts JSON and returns the answer of status 200. Throws CallError in the words of Go's client, at the latest when the time is up. */
export async function post(to: Destination, call: Call): Promise<string> {
  const url = `${to.url}?timeout=${Math.ceil(call.timeoutMs / 1000)}s`;
  const deadline = AbortSignal.timeout(call.timeoutMs);
  let stream: Duplex | undefined;
  try {
    stream = await dialUntil(deadline, () => call.dial(to.host(), to.port));
    return await send(stream, { to, call, deadline });
  } catch (error) {
    if (error instanceof AnswerError) {
      throw new CallError(`failed to call webhook: ${error.message}`);
    }
    const why = deadline.aborted ? 'context deadline exceeded' : wording(error, to);
    throw new CallError(`failed to call webhook: Post "${url}": ${why}`);
  } finally {
    stream?.destroy();
  }
}

/** A connection that comes too late is closed. */
function dialUntil(deadline: AbortSignal, dial: () => Promise<Duplex>): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    deadline.addEventListener('abort', () => {
      reject(new Error('too late'));
    });
    dial().then(
      (stream) => {
        stream.on('error', () => undefined);
        if (deadline.aborted) stream.destroy();
        else resolve(stream);
      },
      (error: unknown) => {
        reject(new DialError(messageOf(error), codeOf(error)));
      },
    );
  });
}

function send(
  stream: Duplex,
  { to, call, deadline }: { to: Destination; call: Call; deadline: AbortSignal },
): Promise<string> {
  const { path, serverName, port } = to;
  const body = Buffer.from(call.body);
  return new Promise((resolve, reject) => {
    // Whatever the other side does with the connection: at the latest now this is over.
    deadline.addEventListener('abort', () => {
      reject(new Error('too late'));
    });
    const secure = connect({
      socket: stream,
      ...(isIP(serverName) > 0 ? { host: serverName } : { servername: serverName }),
      ...(call.authorities !== '' && { ca: call.authorities }),
    });
    secure.on('error', reject);
    const outgoing = request({
      createConnection: () => secure,
      signal: deadline,
      method: 'POST',
      path: `${path}?timeout=${Math.ceil(call.timeoutMs / 1000)}s`,
      headers: {
        host: isIP(serverName) === 6 ? `[${serverName}]:${port}` : `${serverName}:${port}`,
        'user-agent': 'kube-apiserver-admission',
        accept: 'application/json, */*',
        'content-type': 'application/json',
        'content-length': body.length,
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LARGEST_ANSWER)
          answer.destroy(new AnswerError('the answer is larger than 3 MiB'));
        else chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(text);
        else reject(new AnswerError(statusText(status, text)));
      });
    });
    outgoing.end(body);
  });
}

/** The call came through; what came back is no answer. */
class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

class DialError extends Error {
  override readonly name = 'DialError';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

const DIAL_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};
const TLS_WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
};

function wording(error: unknown, to: Destination): string {
  const code = codeOf(error);
  if (error instanceof DialError) {
    if (!Object.hasOwn(DIAL_WORDS, code)) return `dial tcp: ${error.message}`;
    const host = to.host();
    const address = isIP(host) === 6 ? `[${host}]:${to.port}` : `${host}:${to.port}`;
    return `dial tcp ${address}: ${DIAL_WORDS[code] ?? ''}`;
  }
  if (Object.hasOwn(TLS_WORDS, code)) {
    return `tls: failed to verify certificate: ${TLS_WORDS[code] ?? ''}`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `tls: failed to verify certificate: x509: certificate is ${namesOf(error)}, not ${to.serverName}`;
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  if (code === 'ECONNRESET') return 'EOF';
  return messageOf(error);
}

function namesOf(error: unknown): string {
  const names: unknown = Reflect.get(Object(Reflect.get(Object(error), 'cert')), 'subjectaltname');
  const list = typeof names === 'string' ? names.replace(/(DNS|IP Address):/g, '') : '';
  return list === '' ? 'not valid for any names' : `valid for ${list}`;
}

function codeOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' ? code : '';
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};
const LONGEST_QUOTE = 2048;

/** What client-go makes of an answer that is none. */
function statusText(status: number, text: string): string {
  if (Object.hasOwn(STATUS_TEXTS, status)) return STATUS_TEXTS[status] ?? '';
  if (status < 500) {
    return `the server responded with the status code ${status} but did not return more details`;
  }
  const quoted = JSON.stringify(text.trim().slice(0, LONGEST_QUOTE));
  return `an error on the server (${quoted}) has prevented the request from succeeding`;
}

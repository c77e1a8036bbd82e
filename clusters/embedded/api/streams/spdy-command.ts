import type { Duplex } from 'node:stream';
import type { ExecSession } from '../../agent/agent.js';
import { exitStatus, plainStatus, resizeFrom } from './remote-command.js';
import type { CommandStreams } from './remote-command.js';
import { drained, SpdyConnection } from './spdy.js';
import type { SpdyStream } from './spdy.js';

export const SPDY_COMMAND_PROTOCOLS = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
];

/** A client that does not open its streams in this time gets none. */
const OPEN_MS = 30_000;

/** Joins a command to the SPDY streams that the client opens for its parts. */
export async function runOverSpdy(
  transport: Duplex,
  command: { session: ExecSession; streams: CommandStreams; protocol: string },
): Promise<void> {
  const { session, streams, protocol } = command;
  const hasResize = streams.tty && (protocol.startsWith('v3') || protocol.startsWith('v4'));
  const wanted = [
    'error',
    ...(streams.stdin ? ['stdin'] : []),
    ...(streams.stdout ? ['stdout'] : []),
    ...(streams.stderr ? ['stderr'] : []),
    ...(hasResize ? ['resize'] : []),
  ];
  const opened = new Map<string, SpdyStream>();
  let complete: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const connection = new SpdyConnection(transport, (stream) => {
    opened.set(stream.headers.get('streamtype') ?? '', stream);
    if (wanted.every((type) => opened.has(type))) complete();
  });
  const ended = connection.run();
  const timer = setTimeout(() => {
    connection.end();
  }, OPEN_MS);
  await Promise.race([all, ended]);
  clearTimeout(timer);
  if (!wanted.every((type) => opened.has(type))) {
    session.close();
    return;
  }
  let over = false;
  void ended.then(() => {
    if (!over) session.close();
  });
  session.stdin.on('error', () => undefined);
  void feed(opened.get('stdin'), session);
  opened.get('resize')?.on('data', (data: Buffer) => {
    for (const line of data.toString('utf8').split('\n')) resizeFrom(line, session);
  });
  await Promise.all([
    pump(session.stdout, opened.get('stdout')),
    pump(session.stderr, opened.get('stderr')),
  ]).catch(() => undefined);
  const status = await exitStatus(session);
  over = true;
  const text = protocol.startsWith('v4') ? JSON.stringify(status) : plainStatus(status);
  await finish(opened.get('error'), text);
  for (const type of ['stdout', 'stderr']) await finish(opened.get(type), '');
  connection.end();
}

async function feed(stream: SpdyStream | undefined, session: ExecSession): Promise<void> {
  if (stream === undefined) return;
  try {
    for await (const chunk of stream) {
      if (Buffer.isBuffer(chunk) && !session.stdin.write(chunk)) await drained(session.stdin);
    }
  } catch {
    // The client is gone; what it sent so far is all there is.
  }
  session.stdin.end();
}

async function pump(from: NodeJS.ReadableStream, to: SpdyStream | undefined): Promise<void> {
  for await (const chunk of from) {
    if (to === undefined || to.destroyed) continue;
    if (!to.write(chunk)) await drained(to);
  }
}

async function finish(stream: SpdyStream | undefined, text: string): Promise<void> {
  if (stream === undefined || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.end(text, resolve);
  });
}

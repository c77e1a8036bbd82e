import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import type { WebSocket } from 'ws';
import { messageOf } from '../../../../common/errors.js';
import type { KubeObject } from '../cluster-api.js';
import type { ContainerStreams } from '../container-streams.js';
import { SpdyConnection } from './spdy.js';
import type { SpdyStream } from './spdy.js';

export const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** SPDY inside a WebSocket. */
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

export interface PortForwardTarget {
  streams: ContainerStreams;
  pod: KubeObject;
}

/** Serves the connections of one `kubectl port-forward`: two streams each, data and error, by request id. */
export async function forwardOverSpdy(transport: Duplex, target: PortForwardTarget): Promise<void> {
  const waiting = new Map<string, SpdyStream>();
  const connection = new SpdyConnection(transport, (stream) => {
    const id = stream.headers.get('requestid') ?? stream.headers.get('port') ?? '';
    const other = waiting.get(id);
    if (other === undefined) {
      waiting.set(id, stream);
      return;
    }
    waiting.delete(id);
    const isError = stream.headers.get('streamtype') === 'error';
    const [data, error] = isError ? [other, stream] : [stream, other];
    void forward(data, error, target);
  });
  await connection.run();
}

export async function forwardOverTunnel(
  socket: WebSocket,
  target: PortForwardTarget,
): Promise<void> {
  await forwardOverSpdy(createWebSocketStream(socket), target);
}

async function forward(
  data: SpdyStream,
  error: SpdyStream,
  target: PortForwardTarget,
): Promise<void> {
  const port = Number(data.headers.get('port'));
  let connection: Duplex;
  try {
    connection = await connect(target, port);
  } catch (fault) {
    error.end(refusal(target, port, fault));
    data.end();
    return;
  }
  error.end();
  join(data, connection);
}

/** The older protocol over a WebSocket: two channels for each port that the address names. */
export async function forwardOverChannels(
  socket: WebSocket,
  target: PortForwardTarget & { ports: readonly number[] },
): Promise<void> {
  const connections: (Duplex | undefined)[] = [];
  const send = (channel: number, data: Buffer): void => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(Buffer.concat([Buffer.from([channel]), data]), { binary: true });
  };
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const connection of connections) connection?.destroy();
  });
  socket.on('message', (message: Buffer) => {
    const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message);
    connections[(bytes[0] ?? 0) / 2]?.write(bytes.subarray(1));
  });
  socket.pause();
  for (const [index, port] of target.ports.entries()) {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    send(index * 2, number);
    send(index * 2 + 1, number);
    try {
      const connection = await connect(target, port);
      connections[index] = connection;
      connection.on('data', (data: Buffer) => {
        send(index * 2, data);
      });
      connection.on('error', () => undefined);
      connection.on('close', () => {
        socket.close(1000);
      });
    } catch (fault) {
      connections[index] = undefined;
      send(index * 2 + 1, Buffer.from(refusal(target, port, fault)));
    }
  }
  socket.resume();
}

function connect(target: PortForwardTarget, port: number): Promise<Duplex> {
  const { name, namespace = '' } = target.pod.metadata;
  return target.streams.portForward({ namespace, pod: name }, port);
}

/** Both ways; an end on one side is an end on the other. */
export function join(a: Duplex, b: Duplex): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.pipe(to);
    from.on('error', () => {
      to.destroy();
    });
    from.on('close', () => {
      if (!to.writableEnded) to.end();
    });
  }
}

function refusal(target: PortForwardTarget, port: number, fault: unknown): string {
  const { name, uid } = target.pod.metadata;
  return `error forwarding port ${port} to pod ${name}, uid ${uid}: ${messageOf(fault)}`;
}

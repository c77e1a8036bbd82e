import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { AgentError } from './agent-error.js';
import { decodeMessage, encodeMessage, PieceReader, type Field } from './protocol.js';

interface Waiting {
  resolve: (results: string[]) => void;
  reject: (error: AgentError) => void;
}

/** The client's side of one control connection: requests by number, answers in any order, events. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Ready for requests at once; `onEvent` gets each event's name and fields, `onEnd` comes once. */
  constructor(socket: Socket, onEvent: (fields: string[]) => void, onEnd: () => void) {
    this.#socket = socket;
    const reader = new PieceReader();
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk, (piece) => {
        const [id = '', ...rest] = decodeMessage(piece);
        if (id === '0') onEvent(rest);
        else this.#answer(Number(id), rest);
      });
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { reject } of waiting) reject(gone());
      onEnd();
    });
  }

  request(verb: string, fields: readonly Field[] = []): Promise<string[]> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(gone());
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(encodeMessage([id, verb, ...fields]));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(id: number, [status, ...results]: string[]): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (status === 'ok') waiting?.resolve(results);
    else
      waiting?.reject(new AgentError(results[0] ?? 'INVALID', results[1] ?? 'the agent refused'));
  }
}

export async function connectSocket(socketPath: string): Promise<Socket> {
  const socket = createConnection(socketPath);
  await once(socket, 'connect');
  return socket;
}

/**
 * Makes one request on a connection of its own, which then carries data. The socket comes back paused, with
 * nothing read beyond the answer, and the number by which control requests name the session. Rejects, and closes, where the agent refuses.
 */
export async function openDataConnection(
  socketPath: string,
  verb: string,
  fields: readonly Field[],
): Promise<{ socket: Socket; number: string }> {
  const socket = await connectSocket(socketPath);
  socket.write(encodeMessage([1, verb, ...fields]));
  const [, status, first = '', message = ''] = await readAnswer(socket);
  if (status === 'ok') return { socket, number: first };
  socket.destroy();
  throw new AgentError(first, message);
}

function readAnswer(socket: Socket): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const onEnd = (): void => {
      reject(gone());
    };
    const onReadable = (): void => {
      const data: unknown = socket.read();
      if (!Buffer.isBuffer(data)) return;
      const end = data.length < 4 ? Infinity : 4 + data.readUInt32LE(0);
      if (data.length < end) {
        socket.unshift(data);
        return;
      }
      socket.off('readable', onReadable).off('close', onEnd);
      if (data.length > end) socket.unshift(data.subarray(end));
      resolve(decodeMessage(data.subarray(4, end)));
    };
    socket.on('error', () => undefined);
    socket.on('close', onEnd);
    socket.on('readable', onReadable);
  });
}

function gone(): AgentError {
  return new AgentError('GONE', 'the cluster’s agent is gone');
}

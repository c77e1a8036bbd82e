import { connect, type Socket } from 'node:net';
import { GatehouseError, type ErrorCode } from '../../../common/errors.js';
import { isJsonObject } from '../../../common/json.js';
import type { ObservedFlow } from '../../../common/flow.js';
import type { Phase } from '../../../common/progress.js';
import type { RequestName, RequestParams, RequestResults } from './protocol.js';
import { readLines } from './lines.js';

export interface RequestOptions {
  signal?: AbortSignal;
  /** Which of them a request has, is the method's matter. */
  onPhase?: (phase: Phase) => void;
  onFlow?: (flow: ObservedFlow) => void;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  onEvent: (event: unknown) => void;
}

/** A connection to the cluster host. */
export class HostConnection implements Disposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    readLines(socket, (line) => {
      this.#receive(JSON.parse(line));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isOpen = false;
      const gone = new GatehouseError('CLUSTER_UNREACHABLE', 'the cluster host went away', {
        fix: 'try again: it starts anew and takes its clusters over',
      });
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
    });
  }

  /** Rejects where nobody listens. */
  static open(socketPath: string): Promise<HostConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(socketPath);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HostConnection(socket));
      });
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  request<M extends RequestName>(
    method: M,
    params: RequestParams<M>,
    options: RequestOptions = {},
  ): Promise<RequestResults[M]> {
    const id = this.#nextId++;
    const { signal, onPhase, onFlow } = options;
    return new Promise<RequestResults[M]>((resolve, reject) => {
      if (!this.#isOpen) {
        reject(new GatehouseError('CLUSTER_UNREACHABLE', 'the cluster host went away'));
        return;
      }
      const cancel = (): void => {
        this.#send({ cancel: id });
      };
      const done = (): void => {
        signal?.removeEventListener('abort', cancel);
      };
      this.#waiting.set(id, {
        resolve: (result) => {
          done();
          resolve(trusted(result));
        },
        reject: (error) => {
          done();
          reject(error);
        },
        onEvent: (event) => {
          if (onFlow === undefined) onPhase?.(trusted(event));
          else onFlow(trusted(event));
        },
      });
      this.#send({ id, method, params });
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted === true) cancel();
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** While nothing is asked, the connection keeps no process alive. */
  #send(message: unknown): void {
    this.#socket.ref();
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #receive(message: unknown): void {
    if (!isJsonObject(message) || typeof message['id'] !== 'number') return;
    const waiting = this.#waiting.get(message['id']);
    if (waiting === undefined) return;
    if (isJsonObject(message['event'])) {
      waiting.onEvent(message['event']);
      return;
    }
    this.#waiting.delete(message['id']);
    if (this.#waiting.size === 0) this.#socket.unref();
    if (isJsonObject(message['error'])) waiting.reject(errorFrom(message['error']));
    else waiting.resolve(message['result']);
  }
}

function errorFrom(error: { code?: unknown; message?: unknown; fix?: unknown }): GatehouseError {
  const fix = typeof error.fix === 'string' ? { fix: error.fix } : {};
  return new GatehouseError(trusted<ErrorCode>(error.code), String(error.message), fix);
}

/** The host is the same build as we are (its hello said so): its answers have the types of the protocol. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it asked for
function trusted<T>(value: unknown): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- see above
  return value as T;
}

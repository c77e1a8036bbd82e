import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { ExecSession } from '../../agent/agent.js';
import { ApiError } from '../api-error.js';
import type { ContainerStreams, ContainerTarget, LogOptions } from '../container-streams.js';

/**
 * A node that runs a few commands in memory: `cat`, `echo …`, `exit N`, `both`, `size` (of the terminal),
 * `bytes N`, `fail`. Port-forward goes to an echo server of its own.
 */
export class FakeStreams implements ContainerStreams, AsyncDisposable {
  readonly #server: Server;
  /** Where connections of the node go: `10.96.0.7:443` -> a port of this machine. */
  readonly routes = new Map<string, number>();
  readonly asked: { target: ContainerTarget; what: string }[] = [];
  /** Sessions that the server let go of. */
  closed = 0;

  constructor() {
    this.#server = createServer((socket) => {
      socket.pipe(socket);
      socket.on('error', () => undefined);
    });
    this.#server.listen(0, '127.0.0.1');
  }

  exec(
    target: ContainerTarget,
    options: { command: string[]; stdin: boolean; tty: boolean },
  ): Promise<ExecSession> {
    this.asked.push({ target, what: `exec ${options.command.join(' ')}` });
    if (options.command[0] === 'fail') {
      return Promise.reject(
        new ApiError(500, 'InternalError', {
          message: `container not found ("${target.container}")`,
        }),
      );
    }
    return Promise.resolve(this.#run(options.command));
  }

  attach(target: ContainerTarget): Promise<ExecSession> {
    this.asked.push({ target, what: 'attach' });
    return Promise.resolve(this.#run(['echo', 'attached']));
  }

  #run(command: readonly string[]): ExecSession {
    return runFake(command, () => {
      this.closed += 1;
    });
  }

  async *logs(
    target: ContainerTarget,
    options: LogOptions,
    signal: AbortSignal,
  ): AsyncIterable<Buffer> {
    this.asked.push({ target, what: `logs ${JSON.stringify(options)}` });
    if (options.previous) {
      throw new ApiError(400, 'BadRequest', {
        message: `previous terminated container "${target.container}" in pod "${target.pod}" not found`,
      });
    }
    yield Buffer.from('line 1\n');
    if (options.follow) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (signal.aborted) return;
    }
    yield Buffer.from('line 2\n');
  }

  portForward(_target: { namespace: string; pod: string }, port: number): Promise<Duplex> {
    if (port !== 80)
      return Promise.reject(new Error(`dial tcp4 127.0.0.1:${port}: connection refused`));
    const address = this.#server.address();
    return connectTo(typeof address === 'object' && address !== null ? address.port : 0);
  }

  dial(host: string, port: number): Promise<Duplex> {
    const local = this.routes.get(`${host}:${port}`);
    if (local !== undefined) return connectTo(local);
    return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function connectTo(port: number): Promise<Duplex> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function runFake(command: readonly string[], closed: () => void): ExecSession {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const [name = '', ...args] = command;
  let finish: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => {
    finish = (code) => {
      stdout.end();
      stderr.end();
      resolve(code);
    };
  });
  switch (name) {
    case 'cat':
      stdin.pipe(stdout, { end: false });
      stdin.on('end', () => {
        finish(0);
      });
      break;
    case 'echo':
      stdout.write(`${args.join(' ')}\n`);
      finish(0);
      break;
    case 'exit':
      finish(Number(args[0]));
      break;
    case 'both':
      stdout.write('out\n');
      stderr.write('err\n');
      finish(0);
      break;
    case 'bytes':
      stdout.write(Buffer.alloc(Number(args[0]), 'x'));
      finish(0);
      break;
    default:
      break;
  }
  return {
    stdin,
    stdout,
    stderr,
    resize: ({ columns, rows }) => {
      if (name !== 'size') return;
      stdout.write(`${columns}x${rows}\n`);
      finish(0);
    },
    signal: (signal) => {
      finish(128 + signal);
    },
    close: () => {
      closed();
      finish(137);
    },
    exited,
  };
}

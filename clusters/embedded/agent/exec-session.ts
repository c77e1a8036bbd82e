import type { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { AgentError } from './agent-error.js';
import type { ExecSession } from './agent.js';
import { PieceReader } from './protocol.js';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STDIN_END = 5;
const EXIT = 6;
const LARGEST_FRAME = 65_536;

/** What does not wait behind the session's input. */
export interface SessionControl {
  resize: (size: { columns: number; rows: number }) => void;
  signal: (signal: number) => void;
}

/** The client's side of a session's data connection; `native/exec.c` describes the frames. */
export function createExecSession(socket: Socket, { resize, signal }: SessionControl): ExecSession {
  let paused = false;
  const resume = (): void => {
    if (!paused) return;
    paused = false;
    socket.resume();
  };
  const stdout = new Readable({ read: resume });
  const stderr = new Readable({ read: resume });
  const stdin = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += LARGEST_FRAME) {
        socket.write(frame(STDIN, chunk.subarray(at, at + LARGEST_FRAME)));
      }
      if (socket.destroyed || !socket.writableNeedDrain) done();
      else onceDrained(socket, done);
    },
    final(done) {
      if (!socket.destroyed) socket.write(frame(STDIN_END));
      done();
    },
  });
  stdin.on('error', () => undefined); // writing to a program that has ended is no news

  const exited = new Promise<number>((resolve, reject) => {
    const reader = new PieceReader();
    const take = (piece: Buffer): void => {
      const kind = piece[0];
      const bytes = piece.subarray(1);
      if (kind === EXIT) {
        resolve(bytes[0] ?? 255);
        socket.destroy();
      } else if (kind === STDOUT || kind === STDERR) {
        if ((kind === STDOUT ? stdout : stderr).push(bytes)) return;
        paused = true;
        socket.pause();
      }
    };
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk, take);
    });
    socket.on('close', () => {
      stdout.push(null);
      stderr.push(null);
      stdin.destroy();
      reject(new AgentError('GONE', 'the session ended without an exit code'));
    });
  });
  exited.catch(() => undefined); // whoever asks gets it; a caller that only reads streams need not
  socket.resume();

  return {
    stdin,
    stdout,
    stderr,
    exited,
    resize,
    signal,
    close() {
      socket.destroy();
    },
  };
}

function frame(kind: number, bytes: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32LE(bytes.length + 1, 0);
  head[4] = kind;
  return Buffer.concat([head, bytes]);
}

function onceDrained(socket: Socket, done: () => void): void {
  const finish = (): void => {
    socket.off('drain', finish).off('close', finish);
    done();
  };
  socket.on('drain', finish).on('close', finish);
}

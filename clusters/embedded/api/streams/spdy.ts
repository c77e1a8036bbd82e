import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { HeaderReader, HeaderWriter } from './spdy-headers.js';

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const HEADERS = 8;
const FIN = 0x01;
const VERSION = 3;
const CANCEL = 5;
const MAX_FRAME = 16 * 1024;
const HEAD = 8;

/** One stream of a SPDY connection: bytes both ways, either way ends alone. */
export class SpdyStream extends Duplex {
  readonly headers: ReadonlyMap<string, string>;
  readonly #send: (data: Buffer, fin: boolean) => Promise<void>;
  readonly #cancel: () => void;
  #wanted: (() => void) | undefined;
  #ended = false;

  constructor(options: {
    headers: ReadonlyMap<string, string>;
    send: (data: Buffer, fin: boolean) => Promise<void>;
    cancel: () => void;
  }) {
    super({ allowHalfOpen: true });
    this.headers = options.headers;
    this.#send = options.send;
    this.#cancel = options.cancel;
    this.on('error', () => undefined);
  }

  /** Hands over bytes from the peer; resolves when more may come. */
  async deliver(data: Buffer, fin: boolean): Promise<void> {
    if (this.destroyed || this.#ended) return;
    if (data.length > 0 && !this.push(data)) {
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
        this.once('close', resolve);
      });
    }
    if (fin) {
      this.#ended = true;
      this.push(null);
    }
  }

  override _read(): void {
    this.#wanted?.();
    this.#wanted = undefined;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#send(chunk, false).then(
      () => {
        done();
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(Buffer.alloc(0), true).then(
      () => {
        done();
      },
      () => {
        done();
      },
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished) this.#cancel();
    done(error);
  }
}

/**
 * The server's side of SPDY/3.1 as Kubernetes clients speak it: streams that the client opens, no flow control,
 * no server push.
 */
export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  #ended = false;

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
    transport.on('error', () => undefined);
  }

  /** Serves until the client goes. */
  async run(): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of this.#transport) {
        if (!Buffer.isBuffer(chunk)) continue;
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        for (;;) {
          const length = rest.length < HEAD ? undefined : HEAD + rest.readUIntBE(5, 3);
          if (length === undefined || rest.length < length) break;
          await this.#frame(rest.subarray(0, length));
          rest = rest.subarray(length);
        }
      }
    } catch {
      // A broken connection ends as a closed one does.
    } finally {
      this.#close();
    }
  }

  /** Says goodbye after everything that was written. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#transport.write(control(GOAWAY, 0, Buffer.alloc(8)));
    this.#transport.end();
  }

  async #frame(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0;
    const payload = frame.subarray(HEAD);
    if ((frame.readUInt8(0) & 0x80) === 0) {
      const stream = this.#streams.get(frame.readUInt32BE(0) & 0x7fffffff);
      await stream?.deliver(Buffer.from(payload), (flags & FIN) !== 0);
      return;
    }
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM:
        await this.#open(payload, flags);
        return;
      case RST_STREAM: {
        const id = payload.readUInt32BE(0) & 0x7fffffff;
        this.#streams.get(id)?.destroy();
        this.#streams.delete(id);
        return;
      }
      case PING:
        this.#transport.write(frame);
        return;
      case HEADERS:
        // Read for the sake of the compression state that all blocks share.
        await this.#reader.read(payload.subarray(4));
        return;
      default:
    }
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#reader.read(payload.subarray(10));
    const stream = new SpdyStream({
      headers,
      send: (data, fin) => this.#sendData(id, data, fin),
      cancel: () => {
        const body = Buffer.alloc(8);
        body.writeUInt32BE(id, 0);
        body.writeUInt32BE(CANCEL, 4);
        if (this.#transport.writable) this.#transport.write(control(RST_STREAM, 0, body));
      },
    });
    this.#streams.set(id, stream);
    const body = Buffer.alloc(4);
    body.writeUInt32BE(id, 0);
    const block = await this.#writer.write(new Map());
    this.#transport.write(control(SYN_REPLY, 0, Buffer.concat([body, block])));
    this.#onStream(stream);
    if ((flags & FIN) !== 0) await stream.deliver(Buffer.alloc(0), true);
  }

  async #sendData(id: number, data: Buffer, fin: boolean): Promise<void> {
    let at = 0;
    do {
      const part = data.subarray(at, at + MAX_FRAME);
      at += part.length;
      const head = Buffer.alloc(HEAD);
      head.writeUInt32BE(id, 0);
      head.writeUInt8(fin && at >= data.length ? FIN : 0, 4);
      head.writeUIntBE(part.length, 5, 3);
      if (!this.#transport.writable) throw new Error('the connection is closed');
      if (!this.#transport.write(Buffer.concat([head, part]))) await drained(this.#transport);
    } while (at < data.length);
  }

  #close(): void {
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
    this.#reader.close();
    this.#writer.close();
    this.#transport.destroy();
  }
}

/** Resolves when a stream takes more, or is over. */
export async function drained(stream: NodeJS.WritableStream & NodeJS.EventEmitter): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  try {
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]);
  } finally {
    abort.abort();
  }
}

function control(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

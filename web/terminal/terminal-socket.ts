import {
  ACK_EVERY_BYTES,
  type TerminalToPage,
  type TerminalToServer,
} from '../../common/terminal-messages.js';

export interface TerminalSocketOptions {
  url: string;
  /** Draw these; call `hasDrawn` when they are on the screen. */
  onOutput(bytes: Uint8Array, hasDrawn: () => void): void;
  onMessage(message: TerminalToPage): void;
  onConnection(isUp: boolean): void;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;
/** Well below what the server takes in one frame. */
const INPUT_FRAME_LETTERS = 32_000;
const CLOSED_FOR_GOOD = 4000;

/** The connection of one terminal: comes back after a lost network, tells the server how much was drawn. */
export class TerminalSocket {
  readonly #options: TerminalSocketOptions;
  readonly #encoder = new TextEncoder();
  #socket: WebSocket | undefined;
  #drawn = 0;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: TerminalSocketOptions) {
    this.#options = options;
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Sent now or never: what was typed while the connection was down must not run later, unseen. */
  input(text: string): void {
    for (let at = 0; at < text.length; at += INPUT_FRAME_LETTERS) {
      if (!this.isOpen) return;
      this.#socket?.send(this.#encoder.encode(text.slice(at, at + INPUT_FRAME_LETTERS)));
    }
  }

  send(message: TerminalToServer): void {
    if (this.isOpen) this.#socket?.send(JSON.stringify(message));
  }

  /** Tries again at once where it waits to. */
  hurry(): void {
    if (this.#isClosed || this.#retry === undefined) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.close();
  }

  #connect(): void {
    this.#retry = undefined;
    const socket = new WebSocket(this.#options.url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#drawn = 0;
    socket.addEventListener('open', () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#options.onConnection(true);
    });
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') {
        // eslint-disable-next-line @typescript-eslint/no-unsafe-argument -- from our own server, made with the same types
        this.#options.onMessage(JSON.parse(data));
      } else if (data instanceof ArrayBuffer) {
        const bytes = new Uint8Array(data);
        this.#options.onOutput(bytes, () => {
          if (socket === this.#socket) this.#acknowledge(bytes.length);
        });
      }
    });
    socket.addEventListener('close', ({ code }) => {
      if (this.#isClosed || code === CLOSED_FOR_GOOD) return;
      this.#options.onConnection(false);
      this.#retry = setTimeout(() => {
        this.#connect();
      }, this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    });
  }

  #acknowledge(bytes: number): void {
    this.#drawn += bytes;
    if (this.#drawn < ACK_EVERY_BYTES) return;
    this.send({ type: 'ack', bytes: this.#drawn });
    this.#drawn = 0;
  }
}

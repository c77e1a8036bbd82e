import type { ShellCommand } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import {
  HIGH_WATER_BYTES,
  LOW_WATER_BYTES,
  type TerminalToPage,
} from '../../common/terminal-messages.js';
import { openTerminal, type TerminalProcess } from '../../system/terminal.js';
import type { FairShare, Share } from './fair-share.js';
import { Scrollback } from './scrollback.js';

/** One page that shows the terminal. */
export interface Viewer {
  output(bytes: Buffer): void;
  tell(message: TerminalToPage): void;
  /** The shell is gone for good, with its tab. */
  end(): void;
}

/** A viewer's hold on a terminal. */
export interface Attachment extends Disposable {
  input(text: string): void;
  resize(size: { cols: number; rows: number }): void;
  acknowledge(bytes: number): void;
  restart(): void;
}

export interface TerminalOptions {
  id: string;
  title: string;
  /** Shown above the first prompt. */
  greeting?: string;
  openShell: () => Promise<ShellCommand>;
  fairShare: FairShare;
  onInput: () => void;
  onStateChange: () => void;
  /** The shell ended without our doing. */
  onEnd: () => void;
}

export type TerminalState = 'starting' | 'running' | 'ended';

interface Watcher {
  viewer: Viewer;
  /** Bytes sent that the page has not drawn yet. */
  lag: number;
  /** Missed output while others went on; gets the whole picture again when it has caught up. */
  hasMissed: boolean;
}

/** Beyond this much input without a sign of life, a program does not read: more would only fill our memory. */
const MOST_UNREAD_INPUT = 2 * 1024 * 1024;
/** Pages that may show one shell at a time: each is sent all that it writes. */
export const MOST_VIEWERS = 32;
const DEFAULT_SIZE = { cols: 80, rows: 24 };

/** One shell of a learner: lives on while pages come and go, remembers what it showed, never outruns its viewers. */
export class Terminal implements AsyncDisposable {
  readonly id: string;
  readonly title: string;
  readonly #options: TerminalOptions;
  readonly #share: Share;
  readonly #scrollback = new Scrollback();
  readonly #watchers: Watcher[] = [];
  #primary: Watcher | undefined;
  #process: TerminalProcess | undefined;
  #state: TerminalState = 'starting';
  #exitCode: number | undefined;
  #size = DEFAULT_SIZE;
  #isOutOfBudget = false;
  #isTooFast = false;
  #isPaused = false;
  #unreadInput = 0;
  #isDisposed = false;

  constructor(options: TerminalOptions) {
    this.id = options.id;
    this.title = options.title;
    if (options.greeting !== undefined) this.#scrollback.append(dim(options.greeting));
    this.#options = options;
    this.#share = options.fairShare.open(() => {
      this.#isOutOfBudget = false;
      this.#steer();
    });
  }

  get state(): TerminalState {
    return this.#state;
  }

  /** Opens the shell. A cluster that will not give one shows as text in the terminal and as an ended shell. */
  async start(): Promise<void> {
    if (this.#isDisposed || this.#process !== undefined) return;
    this.#setState('starting');
    try {
      const command = await this.#options.openShell();
      // Disposed while we waited: TypeScript cannot see that.
      if (this.#hasEnded()) return;
      const process = openTerminal({
        file: command.file,
        args: command.args,
        env: command.env,
        ...this.#size,
        onData: (bytes) => {
          this.#receive(bytes);
        },
        onExit: ({ exitCode }) => {
          if (this.#process !== process) return;
          this.#process = undefined;
          this.#exitCode = exitCode;
          this.#setState('ended');
          this.#options.onEnd();
        },
      });
      this.#process = process;
      this.#exitCode = undefined;
      this.#isPaused = false;
      this.#unreadInput = 0;
      this.#setState('running');
    } catch (error) {
      this.#exitCode = undefined;
      this.#setState('ended');
      throw error;
    }
  }

  /** Ends this shell and opens a new one in the same tab, under a line that says why. */
  async restart(reason: string): Promise<void> {
    const old = this.#process;
    this.#process = undefined;
    void old?.[Symbol.asyncDispose]();
    // Leaves full-screen programs and colours behind before the new shell writes.
    this.#receive(Buffer.from('\x1b[?1049l\x1b[?2004l\x1b[?25h\x1b[0m\r\n'));
    this.#receive(dim(reason));
    await this.start();
  }

  /** A line of ours between those of the shell; a full-screen program is left alone. */
  say(text: string): void {
    if (this.#scrollback.isFullScreen()) return;
    this.#receive(Buffer.concat([Buffer.from('\r\n'), dim(text)]));
  }

  /** Throws LIMIT_REACHED where so many pages show it already. */
  checkRoom(): void {
    if (this.#watchers.length < MOST_VIEWERS) return;
    throw new GatehouseError('LIMIT_REACHED', `${MOST_VIEWERS} pages show this terminal`, {
      fix: 'Close some of them.',
    });
  }

  attach(viewer: Viewer): Attachment {
    const watcher: Watcher = { viewer, lag: 0, hasMissed: false };
    this.#watchers.push(watcher);
    this.#replay(watcher);
    viewer.tell(this.#stateMessage());
    this.#makePrimary(watcher);
    this.#steer();
    return {
      input: (text) => {
        this.#makePrimary(watcher);
        this.#input(text);
      },
      resize: (size) => {
        this.#makePrimary(watcher);
        this.#resize(size);
      },
      acknowledge: (bytes) => {
        this.#acknowledge(watcher, bytes);
      },
      restart: () => {
        if (this.#state === 'ended') this.restart('A new shell:').catch(() => undefined);
      },
      [Symbol.dispose]: () => {
        const index = this.#watchers.indexOf(watcher);
        if (index !== -1) this.#watchers.splice(index, 1);
        if (this.#primary === watcher) this.#makePrimary(this.#watchers.at(-1));
        this.#steer();
      },
    };
  }

  /** Ends the shell and says so to its pages at once; resolves when its process is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#share.close();
    const process = this.#process;
    this.#process = undefined;
    for (const { viewer } of this.#watchers.splice(0)) viewer.end();
    await process?.[Symbol.asyncDispose]();
  }

  #hasEnded(): boolean {
    return this.#isDisposed;
  }

  #input(text: string): void {
    this.#options.onInput();
    if (this.#process === undefined) return;
    if (this.#unreadInput > MOST_UNREAD_INPUT) return;
    this.#unreadInput += text.length;
    this.#process.write(text);
  }

  #resize(size: { cols: number; rows: number }): void {
    if (size.cols === this.#size.cols && size.rows === this.#size.rows) return;
    this.#size = size;
    this.#process?.resize(size.cols, size.rows);
    for (const { viewer } of this.#watchers) viewer.tell({ type: 'size', ...size });
  }

  #receive(bytes: Buffer): void {
    this.#unreadInput = 0;
    this.#scrollback.append(bytes);
    for (const watcher of this.#watchers) {
      if (watcher.hasMissed || watcher.lag > 2 * HIGH_WATER_BYTES) {
        watcher.hasMissed = true;
        continue;
      }
      watcher.lag += bytes.length;
      watcher.viewer.output(bytes);
    }
    if (this.#share.spend(bytes.length, { isSeen: this.#watchers.length > 0 })) {
      this.#isOutOfBudget = true;
    }
    this.#steer();
  }

  #acknowledge(watcher: Watcher, bytes: number): void {
    watcher.lag = Math.max(0, watcher.lag - bytes);
    if (watcher.lag > LOW_WATER_BYTES) return;
    if (watcher.hasMissed) this.#replay(watcher);
    this.#steer();
  }

  /** Reads on while the budget lasts and at least one viewer keeps up; with no viewer, while the budget lasts. */
  #steer(): void {
    const lags = this.#watchers.map(({ lag }) => lag);
    const least = lags.length === 0 ? 0 : Math.min(...lags);
    this.#isTooFast = least > (this.#isTooFast ? LOW_WATER_BYTES : HIGH_WATER_BYTES);
    const shouldPause = this.#isOutOfBudget || this.#isTooFast;
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#process?.pause();
    else this.#process?.resume();
  }

  #replay(watcher: Watcher): void {
    const bytes = this.#scrollback.read();
    watcher.hasMissed = false;
    watcher.lag = bytes.length;
    watcher.viewer.tell({ type: 'replay', bytes: bytes.length, ...this.#size });
    if (bytes.length > 0) watcher.viewer.output(bytes);
    if (this.#scrollback.needsRedraw()) this.#redraw();
  }

  /** Full-screen programs draw everything again when their size changes. */
  #redraw(): void {
    const { cols, rows } = this.#size;
    this.#process?.resize(cols, rows + 1);
    this.#process?.resize(cols, rows);
  }

  /** The page that was used last answers the questions that programs ask of the terminal. */
  #makePrimary(watcher: Watcher | undefined): void {
    if (this.#primary === watcher) return;
    this.#primary?.viewer.tell({ type: 'primary', primary: false });
    this.#primary = watcher;
    watcher?.viewer.tell({ type: 'primary', primary: true });
  }

  #setState(state: TerminalState): void {
    this.#state = state;
    for (const { viewer } of this.#watchers) viewer.tell(this.#stateMessage());
    this.#options.onStateChange();
  }

  #stateMessage(): TerminalToPage {
    if (this.#state !== 'ended') return { type: 'state', state: 'running' };
    return {
      type: 'state',
      state: 'ended',
      ...(this.#exitCode === undefined ? {} : { exitCode: this.#exitCode }),
    };
  }
}

function dim(text: string): Buffer {
  return Buffer.from(`\x1b[2m${text}\x1b[0m\r\n`);
}

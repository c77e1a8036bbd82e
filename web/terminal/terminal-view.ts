import { FitAddon } from '@xterm/addon-fit';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import type { TerminalToPage } from '../../common/terminal-messages.js';
import { copyText } from '../page/copy.js';
import { isDark, onTheme } from '../page/theme.js';
import { DARK_COLOURS, LIGHT_COLOURS } from './colours.js';
import { giveStylesTheNonce } from './style-nonce.js';
import { TerminalSocket } from './terminal-socket.js';

export interface TerminalViewOptions {
  url: string;
  label: string;
  nonce: string;
  isForReader: boolean;
  /** Asked to let go of the keyboard. */
  onLeave: () => void;
}

/** Answers that a terminal gives by itself when a program asks: position, kind, colours. */
// eslint-disable-next-line no-control-regex -- terminals speak in control characters
const REPORT = /^\x1b(\[[?>]?[\d;]*[Rcnuty]|\]\d+;|P)/;

/** One terminal on the page: xterm.js, its size, its connection. */
export class TerminalView {
  readonly element = document.createElement('div');
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #socket: TerminalSocket;
  readonly #status = document.createElement('p');
  readonly #observer: ResizeObserver;
  /** Of what was announced as past: bytes that have not come, and frames that are being drawn. */
  #replayBytes = 0;
  #replaysLeft = 0;
  #isPrimary = true;
  #hasEnded = false;
  #hasSize = false;

  constructor(options: TerminalViewOptions) {
    giveStylesTheNonce(options.nonce);
    this.element.className = 'terminal-view';
    this.#status.className = 'terminal-status';
    this.#status.setAttribute('role', 'status');
    this.#status.textContent = 'Connecting…';
    const screen = document.createElement('div');
    screen.className = 'terminal-screen';
    this.element.append(screen, this.#status);
    this.#terminal = new Terminal({
      fontFamily:
        'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
      fontSize: 13,
      lineHeight: 1.2,
      scrollback: 5000,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      minimumContrastRatio: 4.5,
      screenReaderMode: options.isForReader,
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(
      new WebLinksAddon((_event, uri) => {
        window.open(uri, '_blank', 'noopener,noreferrer');
      }),
    );
    this.#terminal.open(screen);
    this.#terminal.textarea?.setAttribute('aria-label', options.label);
    onTheme(() => {
      this.#terminal.options.theme = isDark() ? DARK_COLOURS : LIGHT_COLOURS;
    });
    this.#terminal.attachCustomKeyEventHandler((event) => this.#handleKey(event, options.onLeave));
    this.#terminal.onData((text) => {
      this.#send(text);
    });
    this.#terminal.onResize(({ cols, rows }) => {
      if (this.#hasSize) this.#socket.send({ type: 'resize', cols, rows });
    });
    this.#socket = new TerminalSocket({
      url: options.url,
      onOutput: (bytes, hasDrawn) => {
        this.#draw(bytes, hasDrawn);
      },
      onMessage: (message) => {
        this.#receive(message);
      },
      onConnection: (isUp) => {
        this.#status.textContent = isUp ? '' : 'The connection is lost. Trying again…';
        if (isUp) this.#announceSize();
      },
    });
    this.#observer = new ResizeObserver(() => {
      this.fit();
    });
    this.#observer.observe(screen);
  }

  focus(): void {
    this.#terminal.focus();
    this.#socket.hurry();
  }

  /** Takes the size of its place, and tells the shell. */
  fit(): void {
    // A hidden one has no size; it is fitted when it is shown.
    if (this.element.offsetParent === null) return;
    this.#hasSize = true;
    this.#fit.fit();
  }

  /** Types a command and presses Enter. False where there is no shell to type it to. */
  run(command: string): boolean {
    if (!this.#socket.isOpen || this.#hasEnded) return false;
    this.#terminal.paste(command);
    this.#terminal.input('\r');
    this.#terminal.scrollToBottom();
    return true;
  }

  setReaderMode(isOn: boolean): void {
    this.#terminal.options.screenReaderMode = isOn;
  }

  close(): void {
    this.#observer.disconnect();
    this.#socket.close();
    this.#terminal.dispose();
    this.element.remove();
  }

  #send(text: string): void {
    // The past is drawn again, or another page answers: what programs asked was or will be answered elsewhere.
    if (REPORT.test(text) && (this.#replaysLeft > 0 || !this.#mayAnswer())) return;
    if (this.#hasEnded) {
      if (text === '\r') this.#socket.send({ type: 'restart' });
      return;
    }
    this.#socket.input(text);
  }

  #mayAnswer(): boolean {
    return this.#isPrimary || document.hasFocus();
  }

  #receive(message: TerminalToPage): void {
    switch (message.type) {
      case 'replay':
        // Queued behind what waits to be drawn, unlike a call of `reset`.
        this.#terminal.write('\x1bc');
        this.#replayBytes = message.bytes;
        break;
      case 'primary':
        this.#isPrimary = message.primary;
        break;
      case 'size':
        if (message.cols !== this.#terminal.cols || message.rows !== this.#terminal.rows) {
          this.#terminal.resize(message.cols, message.rows);
        }
        break;
      case 'state':
        this.#showState(message);
        break;
    }
  }

  #draw(bytes: Uint8Array, hasDrawn: () => void): void {
    if (this.#replayBytes === 0) {
      this.#terminal.write(bytes, hasDrawn);
      return;
    }
    this.#replayBytes = Math.max(0, this.#replayBytes - bytes.length);
    this.#replaysLeft += 1;
    this.#terminal.write(bytes, () => {
      this.#replaysLeft -= 1;
      hasDrawn();
    });
  }

  #showState(message: Extract<TerminalToPage, { type: 'state' }>): void {
    this.#hasEnded = message.state === 'ended';
    const code = message.exitCode === undefined ? '' : ` (exit code ${message.exitCode})`;
    this.#status.textContent = this.#hasEnded
      ? `The shell has ended${code}. Press Enter in it for a new one.`
      : '';
  }

  #announceSize(): void {
    this.fit();
    const { cols, rows } = this.#terminal;
    if (this.#hasSize) this.#socket.send({ type: 'resize', cols, rows });
  }

  /** False keeps the key from the shell. */
  #handleKey(event: KeyboardEvent, onLeave: () => void): boolean {
    if (event.type !== 'keydown') return true;
    if (event.ctrlKey && event.shiftKey && event.key === 'ArrowLeft') {
      event.preventDefault();
      onLeave();
      return false;
    }
    const isCopy = event.ctrlKey && !event.altKey && event.key.toLowerCase() === 'c';
    if (isCopy && this.#terminal.hasSelection()) {
      event.preventDefault();
      void copyText(this.#terminal.getSelection());
      // So that the next one interrupts, as ever.
      this.#terminal.clearSelection();
      return false;
    }
    // Ctrl+Shift+C without a selection would interrupt: nobody means that.
    if (isCopy && event.shiftKey) {
      event.preventDefault();
      return false;
    }
    // The browser pastes; xterm.js takes it from there.
    const isPaste = event.ctrlKey && event.key.toLowerCase() === 'v';
    return !isPaste;
  }
}

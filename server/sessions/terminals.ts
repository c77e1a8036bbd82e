import type { ShellCommand, ShellTarget } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import { createId } from '../identity/tokens.js';
import type { FairShare } from './fair-share.js';
import { Terminal } from './terminal.js';

export interface TerminalInfo {
  id: string;
  title: string;
  hasEnded: boolean;
}

export interface TerminalsOptions {
  openShell: (target: ShellTarget) => Promise<ShellCommand>;
  fairShare: FairShare;
  most: number;
  onInput: () => void;
  /** Tabs came, went or changed their state. */
  onChange: () => void;
  /** A shell ended by itself. */
  onEnd: () => void;
}

/** The terminals of one lab, in the order of their tabs. Empty until the first page asks. */
export class Terminals implements AsyncDisposable {
  readonly #options: TerminalsOptions;
  readonly #terminals: Terminal[] = [];
  #opened = 0;

  constructor(options: TerminalsOptions) {
    this.#options = options;
  }

  list(): TerminalInfo[] {
    return this.#terminals.map(({ id, title, state }) => ({
      id,
      title,
      hasEnded: state === 'ended',
    }));
  }

  /** Throws NOT_FOUND. */
  get(id: string): Terminal {
    const terminal = this.#terminals.find((each) => each.id === id);
    if (terminal === undefined) {
      throw new GatehouseError('NOT_FOUND', 'this terminal was closed', {
        fix: 'Reload the page to see the ones that are open.',
      });
    }
    return terminal;
  }

  /** A first shell for a page that finds none; later ones are for the learner to open. */
  async openFirst(greeting?: string): Promise<void> {
    if (this.#opened === 0) await this.open({ ...(greeting === undefined ? {} : { greeting }) });
  }

  /** Opens another tab. Rejects with LIMIT_REACHED, or with what kept the shell from opening. */
  async open(options: { greeting?: string; node?: string } = {}): Promise<Terminal> {
    const { greeting, node } = options;
    if (this.#terminals.length >= this.#options.most) {
      throw new GatehouseError(
        'LIMIT_REACHED',
        `a lab has at most ${this.#options.most} terminals at a time`,
        { fix: 'Close one first.' },
      );
    }
    this.#opened += 1;
    const terminal = new Terminal({
      id: createId(),
      title: node === undefined ? `Shell ${this.#opened}` : `${node} ${this.#opened}`,
      ...(greeting === undefined ? {} : { greeting }),
      openShell: () =>
        this.#options.openShell(
          node === undefined ? { type: 'workstation' } : { type: 'node', name: node },
        ),
      fairShare: this.#options.fairShare,
      onInput: this.#options.onInput,
      onStateChange: this.#options.onChange,
      onEnd: this.#options.onEnd,
    });
    this.#terminals.push(terminal);
    this.#options.onChange();
    await terminal.start();
    return terminal;
  }

  close(id: string): void {
    const terminal = this.get(id);
    this.#terminals.splice(this.#terminals.indexOf(terminal), 1);
    void terminal[Symbol.asyncDispose]();
    this.#options.onChange();
  }

  /** Writes a line into every terminal that is open. */
  say(text: string): void {
    for (const terminal of this.#terminals) terminal.say(text);
  }

  async restartAll(reason: string): Promise<void> {
    await Promise.all(this.#terminals.map((terminal) => terminal.restart(reason)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#terminals.splice(0).map((terminal) => terminal[Symbol.asyncDispose]()));
  }
}

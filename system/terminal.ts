import { spawn } from '@lydell/node-pty';

export interface TerminalOptions {
  file: string;
  args: readonly string[];
  /** The whole environment of the program; TERM is added. */
  env: Readonly<Record<string, string>>;
  cwd?: string;
  cols: number;
  rows: number;
  onData(bytes: Buffer): void;
  /** Called once. The last bytes before an exit may be lost: terminals are for people, capture output with pipes. */
  onExit(exit: { exitCode: number; signal: number | undefined }): void;
}

/** A program in a terminal of its own. */
export interface TerminalProcess extends AsyncDisposable {
  readonly pid: number;
  write(text: string): void;
  resize(cols: number, rows: number): void;
  /** Stops reading: the program blocks as soon as the kernel's small buffer is full. */
  pause(): void;
  resume(): void;
  /** Hangs up, and kills what is still there a moment later; resolves when it is gone. Safe to call twice. */
  [Symbol.asyncDispose](): Promise<void>;
}

const KILL_AFTER_MS = 1500;

/** Starts a program in a new terminal. A file that cannot be run shows as an exit, as it does in a shell. */
export function openTerminal(options: TerminalOptions): TerminalProcess {
  const pty = spawn(options.file, [...options.args], {
    name: 'xterm-256color',
    cols: options.cols,
    rows: options.rows,
    cwd: options.cwd ?? '/',
    env: { ...options.env },
    encoding: null,
  });
  let hasExited = false;
  let tellExit: () => void = () => undefined;
  const exited = new Promise<void>((resolve) => {
    tellExit = resolve;
  });
  pty.onData((chunk: unknown) => {
    if (Buffer.isBuffer(chunk)) options.onData(chunk);
  });
  pty.onExit(({ exitCode, signal }) => {
    hasExited = true;
    tellExit();
    options.onExit({ exitCode, signal: signal === 0 ? undefined : signal });
  });
  const quietly = (work: () => void): void => {
    if (hasExited) return;
    try {
      work();
    } catch {
      // The program ended in between; onExit tells.
    }
  };
  return {
    pid: pty.pid,
    write: (text) => {
      quietly(() => {
        pty.write(text);
      });
    },
    resize: (cols, rows) => {
      quietly(() => {
        pty.resize(cols, rows);
      });
    },
    pause: () => {
      quietly(() => {
        pty.pause();
      });
    },
    resume: () => {
      quietly(() => {
        pty.resume();
      });
    },
    async [Symbol.asyncDispose]() {
      // A paused terminal never notices that its program is gone.
      this.resume();
      quietly(() => {
        pty.kill('SIGHUP');
      });
      const timer = setTimeout(() => {
        quietly(() => {
          pty.kill('SIGKILL');
        });
      }, KILL_AFTER_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

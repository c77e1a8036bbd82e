import { watch } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { LogOptions } from '../api/container-streams.js';

/** Reads a container's log, kept in CRI format in `file` and, once it was turned over, `file.1`. */

interface LogLine {
  time: string;
  /** Without the line's end where the line goes on in the next record. */
  text: Buffer;
}

const POLL_MS = 1000;

/** `ended` tells that nothing more will be written; after it, one last look. */
export async function* readLog(
  file: string,
  options: LogOptions,
  source: { ended: () => boolean; signal: AbortSignal },
): AsyncIterable<Buffer> {
  const since = sinceTime(options);
  let left = options.limitBytes ?? Infinity;
  const show = (line: LogLine): Buffer => {
    const shown = options.timestamps
      ? Buffer.concat([Buffer.from(`${line.time} `), line.text])
      : line.text;
    const cut = shown.length > left ? shown.subarray(0, left) : shown;
    left -= cut.length;
    return cut;
  };
  const old = [...(await parseFile(`${file}.1`)), ...(await parseFile(file))].filter(
    ({ time }) => Date.parse(time) >= since,
  );
  const tail = options.tailLines === undefined ? old : lastLines(old, options.tailLines);
  for (const line of tail) {
    if (left <= 0) return;
    yield show(line);
  }
  if (!options.follow) return;
  await using follower = await Follower.open(file);
  while (!source.signal.aborted && left > 0) {
    const wasEnded = source.ended();
    const lines = await follower.read();
    for (const line of lines) {
      if (left <= 0) return;
      yield show(line);
    }
    if (lines.length === 0) {
      if (wasEnded) return;
      await follower.changed(source.signal);
    }
  }
}

function sinceTime(options: LogOptions): number {
  if (options.sinceSeconds !== undefined) return Date.now() - options.sinceSeconds * 1000;
  if (options.sinceTime !== undefined) return Date.parse(options.sinceTime);
  return -Infinity;
}

/** Whole lines only count once: a line split into several records is one. */
function lastLines(lines: readonly LogLine[], count: number): LogLine[] {
  if (count === 0) return [];
  let at = lines.length;
  let seen = 0;
  while (at > 0) {
    const previous = lines[at - 2];
    at--;
    if (previous === undefined || previous.text.at(-1) === 10) seen++;
    if (seen === count) break;
  }
  return lines.slice(at);
}

async function parseFile(file: string): Promise<LogLine[]> {
  try {
    await using handle = await open(file, 'r');
    const content = await handle.readFile();
    return parseLines(content).lines;
  } catch {
    return [];
  }
}

function parseLines(content: Buffer): { lines: LogLine[]; rest: number } {
  const lines: LogLine[] = [];
  let start = 0;
  for (;;) {
    const end = content.indexOf(10, start);
    if (end === -1) return { lines, rest: start };
    const record = content.subarray(start, end + 1);
    start = end + 1;
    // `<time> <stream> <F|P> <text>`
    const first = record.indexOf(32);
    const second = record.indexOf(32, first + 1);
    const third = record.indexOf(32, second + 1);
    if (first < 0 || second < 0 || third < 0) continue;
    const isFull = record[second + 1] === 70;
    lines.push({
      time: record.toString('latin1', 0, first),
      text: isFull ? record.subarray(third + 1) : record.subarray(third + 1, -1),
    });
  }
}

/** Reads on from the file's present end, over a turn of the file. */
class Follower implements AsyncDisposable {
  readonly #file: string;
  #handle: FileHandle | undefined;
  #at = 0;
  #inode = 0n;

  private constructor(file: string) {
    this.#file = file;
  }

  static async open(file: string): Promise<Follower> {
    const follower = new Follower(file);
    await follower.#reopen();
    const size = await follower.#handle?.stat();
    follower.#at = size?.size ?? 0;
    return follower;
  }

  async #reopen(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    this.#at = 0;
    try {
      this.#handle = await open(this.#file, 'r');
      this.#inode = (await this.#handle.stat({ bigint: true })).ino;
    } catch {
      // Not written yet.
    }
  }

  async read(): Promise<LogLine[]> {
    if (this.#handle === undefined) await this.#reopen();
    if (this.#handle === undefined) return [];
    const { size } = await this.#handle.stat();
    if (size > this.#at) {
      const buffer = Buffer.alloc(Math.min(size - this.#at, 1 << 20));
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#at);
      const { lines, rest } = parseLines(buffer.subarray(0, bytesRead));
      this.#at += rest;
      if (lines.length > 0) return lines;
    }
    const now = await stat(this.#file, { bigint: true }).catch(() => undefined);
    if (now !== undefined && now.ino !== this.#inode) {
      await this.#reopen();
      return this.read();
    }
    return [];
  }

  /** Ends when the file may have changed, the signal fires, or a moment has passed. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const abort = (): void => {
        done();
      };
      let watcher: ReturnType<typeof watch> | undefined;
      const timer = setTimeout(abort, POLL_MS);
      const done = (): void => {
        clearTimeout(timer);
        watcher?.close();
        signal.removeEventListener('abort', abort);
        resolve();
      };
      signal.addEventListener('abort', abort, { once: true });
      try {
        watcher = watch(this.#file, done);
        watcher.on('error', done);
      } catch {
        // No more inotify watches, or no file: the timer will do.
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }
}

import { closeSync, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../../common/errors.js';
import type { Logger } from '../../../../common/logger.js';
import { ApiError } from '../api-error.js';
import type { ResourceName } from '../cluster-api.js';
import type { Change } from './collection.js';
import { generationsOf, isOlder, journalFile, type JournalFile } from './journal-files.js';
import { chunks, lineOf, parseLine, snapshotLines } from './journal-lines.js';
import type { ObjectStore, WriteLog } from './object-store.js';

/** A journal is put together with its snapshot when it is this much longer than that. */
const COMPACT_FACTOR = 4;
const COMPACT_FROM_BYTES = 4 * 1024 * 1024;
/** While the disk refuses, writes wait in memory up to here; after that the next success writes a snapshot. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Clients may have seen revisions that a crash lost; new ones start well above. */
const REVISION_GAP = 1000;

export interface JournalOptions {
  /** A folder of this journal's own; made where it is missing. */
  folder: string;
  logger: Logger;
  /** How the journal file is written; replaced where a test needs a full disk. */
  write?: typeof writeSync;
}

/**
 * Keeps a store on disk: an append-only file of writes, JSON by line, and a snapshot that takes its place when
 * it grows long. Whoever waits for `flushed` waits for one fsync that many share. A torn last line is what a
 * crash leaves and is cut off. When the disk is full, memory goes on and waiting writes are refused.
 */
export class Journal implements WriteLog, AsyncDisposable {
  readonly #options: JournalOptions;
  readonly #writeSync: typeof writeSync;
  #store: ObjectStore | undefined;
  #file: number | undefined;
  #generation = 0;
  /** Length of the whole lines in the journal file. */
  #size = 0;
  #snapshotSize = 0;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #appended = 0;
  #written = 0;
  #synced = 0;
  #waiters: { until: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #running = false;
  #failed = false;
  #lastError: unknown;
  #needsSnapshot = false;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#writeSync = options.write ?? writeSync;
  }

  /** Fills an empty store with what is on disk and begins to follow it. True where there was something. */
  async recover(store: ObjectStore): Promise<boolean> {
    this.#store = store;
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    const snapshots = generationsOf(names, 'snapshot');
    const journals = generationsOf(names, 'journal');
    const snapshot = snapshots.at(-1) ?? 0;
    let found = false;
    if (snapshots.length > 0) {
      const text = await readFile(this.#path('snapshot', snapshot));
      this.#snapshotSize = text.length;
      this.#replay(store, text);
      found = true;
    }
    this.#generation = Math.max(snapshot, journals.at(-1) ?? 0);
    for (const generation of journals.filter((number) => number >= snapshot)) {
      const text = await readFile(this.#path('journal', generation));
      const whole = this.#replay(store, text);
      found ||= whole > 0;
      if (generation === this.#generation) this.#size = whole;
    }
    this.#openJournal();
    for (const name of names) if (isOlder(name, snapshot)) await rm(path.join(folder, name));
    store.finishRestore(found ? store.revision + REVISION_GAP : store.revision);
    return found;
  }

  append(resource: ResourceName, change: Change): void {
    const line = lineOf(resource, change);
    this.#appended += 1;
    this.#waitingBytes += line.length;
    if (this.#needsSnapshot) return;
    if (this.#failed && this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#needsSnapshot = true;
      this.#waiting = [];
      return;
    }
    this.#waiting.push(line);
    this.#start();
  }

  async flushed(): Promise<void> {
    if (this.#synced >= this.#appended) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ until: this.#appended, resolve, reject });
      this.#start();
    });
  }

  /** Tries again where the disk refused before. Rejects while it still does. */
  async ready(): Promise<void> {
    if (!this.#failed) return;
    await this.flushed().catch(() => {
      throw refusalFor(this.#lastError, 'nothing was changed');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    await this.flushed().catch(() => undefined);
    this.#closed = true;
    this.#closeFile();
  }

  #start(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    // What controllers write in answer to this write joins its batch.
    setImmediate(() => {
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork()) await this.#step();
    } catch (error) {
      this.#fail(error);
    }
    this.#running = false;
    if (!this.#failed && this.#hasWork()) this.#start();
  }

  #hasWork(): boolean {
    return (
      this.#written < this.#appended || (this.#waiters.length > 0 && this.#synced < this.#appended)
    );
  }

  async #step(): Promise<void> {
    if (this.#needsSnapshot) {
      await this.#compact();
      return;
    }
    const lines = this.#waiting;
    const until = this.#appended;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      if (lines.length > 0) this.#write(lines.join(''));
    } catch (error) {
      this.#waiting = [...lines, ...this.#waiting];
      throw error;
    }
    this.#written = until;
    if (this.#waiters.length > 0) {
      if (this.#file !== undefined) await syncData(this.#file);
      this.#settle(until);
    }
    if (this.#size > Math.max(COMPACT_FROM_BYTES, this.#snapshotSize * COMPACT_FACTOR)) {
      await this.#compact();
    }
  }

  /** Into the page cache, where it costs microseconds; the wait is for the disk. */
  #write(text: string): void {
    if (this.#file === undefined) return;
    const bytes = Buffer.from(text, 'utf8');
    try {
      for (let at = 0; at < bytes.length;) {
        at += this.#writeSync(this.#file, bytes, at, bytes.length - at, this.#size + at);
      }
    } catch (error) {
      // Half a line must not stay in front of later ones.
      ftruncateSync(this.#file, this.#size);
      throw error;
    }
    this.#size += bytes.length;
  }

  /** Begins a new journal and puts everything before it into a snapshot. */
  async #compact(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    const generation = this.#generation + 1;
    const until = this.#appended;
    const lines = snapshotLines(store);
    this.#waiting = [];
    this.#waitingBytes = 0;
    const draft = `${this.#path('snapshot', generation)}.draft`;
    const file = await open(draft, 'w', 0o600);
    let size = 0;
    try {
      for (const text of chunks(lines)) {
        const bytes = Buffer.from(text, 'utf8');
        await file.writeFile(bytes);
        size += bytes.length;
      }
      await file.sync();
    } catch (error) {
      // What was put off for the snapshot is in memory only; the next try takes it from there.
      this.#needsSnapshot = true;
      await file.close();
      await rm(draft, { force: true });
      throw error;
    }
    await file.close();
    await rename(draft, this.#path('snapshot', generation));
    const old = this.#generation;
    this.#generation = generation;
    this.#size = 0;
    this.#snapshotSize = size;
    this.#openJournal();
    await this.#syncFolder();
    this.#needsSnapshot = false;
    this.#written = until;
    this.#settle(until);
    for (const kind of ['snapshot', 'journal'] as const) {
      await rm(this.#path(kind, old), { force: true });
    }
  }

  #settle(until: number): void {
    this.#synced = until;
    this.#failed = false;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => waiter.until > until);
    for (const waiter of waiters) if (waiter.until <= until) waiter.resolve();
  }

  #fail(error: unknown): void {
    if (!this.#failed) {
      this.#options.logger.error('the journal cannot be written', { error: messageOf(error) });
    }
    this.#failed = true;
    this.#lastError = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    const refusal = refusalFor(error, 'the change may not last');
    for (const waiter of waiters) waiter.reject(refusal);
  }

  #openJournal(): void {
    this.#closeFile();
    const file = this.#path('journal', this.#generation);
    closeSync(openSync(file, 'a', 0o600));
    // Opened to append, positions would be ignored.
    this.#file = openSync(file, 'r+');
    ftruncateSync(this.#file, this.#size);
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#options.folder, 'r');
    await folder.sync();
    await folder.close();
  }

  #path(kind: JournalFile, generation: number): string {
    return path.join(this.#options.folder, journalFile(kind, generation));
  }

  /** Puts the writes of a file back; returns the length of its whole lines. */
  #replay(store: ObjectStore, bytes: Buffer): number {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(0x0a, start);
      if (end < 0) break;
      const entry = parseLine(bytes.toString('utf8', start, end));
      if (entry === undefined) {
        this.#options.logger.error('a line of the journal is damaged; what follows is not read', {
          folder: this.#options.folder,
          offset: start,
        });
        return start;
      }
      store.restore(entry.resource, entry.change);
      start = end + 1;
    }
    if (start < bytes.length) {
      this.#options.logger.warn('the journal ends in a torn line; it is cut off', {
        folder: this.#options.folder,
      });
    }
    return start;
  }
}

const syncData = promisify(fdatasync);

/** What clients are told when their write could not be kept. */
function refusalFor(error: unknown, effect: string): ApiError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new ApiError(507, 'InsufficientStorage', {
    message: full
      ? `the disk that keeps this cluster's state is full, so ${effect}: free some space and try again`
      : `the state of this cluster cannot be written to disk, so ${effect}: ${messageOf(error)}`,
  });
}

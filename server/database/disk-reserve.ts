import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { errorCodeOf, messageOf } from '../../common/errors.js';

/** Room on the disk that is set aside while there is some, and given up for what must not be lost. */
export interface DiskReserve {
  /** `unset` until it is filled for the first time. */
  state(): 'unset' | 'kept' | 'gone';
  /** Sets the room aside again; false where the disk has none. */
  fill(): boolean;
  release(): void;
}

/** About a thousand results of usual size. */
const RESERVE_BYTES = 8 * 1024 * 1024;
/** How often at most a full disk is tried again by those who ask. */
const RETRY_MS = 2000;

export function createDiskReserve(file: string, bytes = RESERVE_BYTES): DiskReserve {
  let state: 'unset' | 'kept' | 'gone' = 'unset';
  let triedAt = -Infinity;
  const remove = (): void => {
    rmSync(file, { force: true });
    state = 'gone';
  };
  return {
    state: () => state,
    fill() {
      if (state === 'kept') return true;
      if (performance.now() - triedAt < RETRY_MS) return false;
      triedAt = performance.now();
      try {
        writeZeros(file, bytes);
        state = 'kept';
      } catch {
        remove();
      }
      return state === 'kept';
    },
    release: remove,
  };
}

/** Whether an error, or what caused it, says that the disk (or the quota on it) is full. */
export function isDiskFull(error: unknown): boolean {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth += 1) {
    const code = errorCodeOf(current) ?? '';
    if (['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(code)) return true;
    if (/database or disk is full|no space left/i.test(messageOf(current))) return true;
    current = 'cause' in current ? current.cause : undefined;
  }
  return false;
}

function writeZeros(file: string, bytes: number): void {
  const block = Buffer.alloc(1024 * 1024);
  const fd = openSync(file, 'w', 0o600);
  try {
    for (let written = 0; written < bytes; written += block.length) {
      // A full disk may take part of a block and say so only the next time.
      let offset = 0;
      while (offset < block.length) offset += writeSync(fd, block, offset);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

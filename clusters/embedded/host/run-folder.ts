import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { RUN } from './cluster/cluster-folder.js';

const MEMORY = '/dev/shm';
const TMPFS = 0x01021994;
const ENOUGH_BYTES = 512 * 1024 * 1024;

/**
 * Makes the folder for what need not outlive a restart of the machine: hundreds of small files per cluster, which a
 * disk would be slow with. It is a link into memory where there is room for that, else a folder.
 */
export function makeRunFolder(stateDir: string): void {
  const place = path.join(stateDir, RUN);
  const wanted = isInMemory(stateDir) ? undefined : memoryFolder(stateDir);
  const existing = lstatSync(place, { throwIfNoEntry: false });
  if (existing?.isSymbolicLink() === true) {
    if (readlinkSync(place) === wanted && isOurs(wanted)) return;
    rmSync(place);
  } else if (existing !== undefined) return;
  if (wanted !== undefined && isOurs(wanted)) symlinkSync(wanted, place);
  else mkdirSync(place, { mode: 0o711 });
}

/** Removes the folder in memory where nothing is left in it. */
export function leaveRunFolder(stateDir: string): void {
  const place = path.join(stateDir, RUN);
  const existing = lstatSync(place, { throwIfNoEntry: false });
  if (existing?.isSymbolicLink() !== true) return;
  try {
    rmdirSync(readlinkSync(place));
    rmSync(place);
  } catch {
    // Clusters live in it.
  }
}

function memoryFolder(stateDir: string): string | undefined {
  if (!isInMemory(MEMORY)) return undefined;
  const name = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  const folder = path.join(MEMORY, `gatehouse-${name}`);
  try {
    mkdirSync(folder, { mode: 0o711 });
  } catch {
    // It exists, or nobody may write there: see `isOurs`.
  }
  return folder;
}

function isInMemory(folder: string): boolean {
  try {
    const { type, bsize, bavail } = statfsSync(folder);
    return type === TMPFS && bsize * bavail >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}

/** Everybody may write to that place: another's folder, or a link, is not to be trusted. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

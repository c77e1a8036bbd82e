import { chownSync, mkdirSync } from 'node:fs';

/** Hands a file to the cluster's user, where that is another one than ours. */
export function giveTo(file: string, uid: number | undefined): void {
  if (uid !== undefined) chownSync(file, uid, uid);
}

/** Makes a folder of the cluster's user. */
export function makeOwned(folder: string, uid: number | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  giveTo(folder, uid);
}

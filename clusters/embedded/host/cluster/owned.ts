import { chownSync } from 'node:fs';

/** Hands a file to the cluster's user, where that is another one than ours. */
export function giveTo(file: string, uid: number | undefined): void {
  if (uid !== undefined) chownSync(file, uid, uid);
}

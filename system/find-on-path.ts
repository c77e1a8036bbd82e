import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** Where a program is that a shell with this PATH would run. */
export async function findOnPath(program: string, paths: string): Promise<string | undefined> {
  for (const folder of paths.split(':')) {
    const file = path.join(folder, program);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}

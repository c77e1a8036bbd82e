import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of this checkout, found from here upwards: the same from the sources and from `dist/`. */
export function findProjectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}

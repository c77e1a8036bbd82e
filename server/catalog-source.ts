import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../common/logger.js';
import { loadCatalog, type Catalog } from '../labs/catalog.js';
import { replaceFile } from '../system/replace-file.js';

export interface CatalogSourceOptions {
  /** The folder of labs. */
  folder: string;
  /** Where what was read is kept for the next start. */
  cacheFile: string;
  /** Read everything anew for every page. */
  dev: boolean;
  logger: Logger;
}

/**
 * The labs, read when the first page needs them. Reading hundreds of YAML files takes longer than everything else at
 * the start, so the result is kept beside the database and used again while no file has changed.
 */
export function createCatalogSource(options: CatalogSourceOptions): () => Promise<Catalog> {
  const { folder, cacheFile, dev, logger } = options;
  const load = async (): Promise<Catalog> => {
    const print = await fingerprint(folder);
    const cached = await readCache(cacheFile, print);
    const catalog = cached ?? (await loadCatalog(folder));
    for (const problem of catalog.problems) logger.warn('a lab cannot be served', { ...problem });
    if (cached === undefined) writeCache(cacheFile, { print, catalog });
    return catalog;
  };
  let loaded: Promise<Catalog> | undefined;
  return () => {
    if (dev) return load();
    loaded ??= load();
    return loaded;
  };
}

/** Names, sizes and dates of every file, and of this program, whose reading may have changed. */
async function fingerprint(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const lines = await Promise.all(
    [import.meta.filename, ...files].map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return `${file} ${size} ${mtimeMs}`;
    }),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

async function readCache(file: string, print: string): Promise<Catalog | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    const end = text.indexOf('\n');
    if (text.slice(0, end) !== print) return undefined;
    // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- written below by this very build
    return JSON.parse(text.slice(end + 1));
  } catch {
    return undefined;
  }
}

function writeCache(file: string, { print, catalog }: { print: string; catalog: Catalog }): void {
  try {
    replaceFile(file, `${print}\n${JSON.stringify(catalog)}`, { mode: 0o600 });
  } catch {
    // Only the next start would have gained from it.
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJsonObject } from '../../../../common/json.js';
import { replaceFile } from '../../../../system/replace-file.js';
import type { CatalogueData } from './catalogue-data.js';
import { catalogueFingerprint, generateCatalogue } from './generate.js';
import { modelsFolder } from './models.js';

/**
 * The generated catalogue: `catalogue.json` beside the bundle this code runs in, else (from sources, as in
 * tests) a copy under `node_modules/.cache` that is made when the facts or the models have changed.
 */
export function loadCatalogueData(): CatalogueData {
  const built = join(dirname(fileURLToPath(import.meta.url)), 'catalogue.json');
  const found = readCatalogue(built);
  if (found !== undefined) return found;
  const fingerprint = catalogueFingerprint();
  const folder = join(nodeModules(), '.cache', 'gatehouse');
  const cached = join(folder, `catalogue-${fingerprint}.json`);
  return readCatalogue(cached) ?? writeCatalogue(folder, cached);
}

function readCatalogue(file: string): CatalogueData | undefined {
  if (!existsSync(file)) return undefined;
  const data: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return isCatalogueData(data) ? data : undefined;
}

function writeCatalogue(folder: string, file: string): CatalogueData {
  const data = generateCatalogue();
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder)) {
    if (/^catalogue-.*\.json$/.test(old)) rmSync(join(folder, old), { force: true });
  }
  replaceFile(file, JSON.stringify(data), { mode: 0o644 });
  return data;
}

function nodeModules(): string {
  const models = modelsFolder();
  return models.slice(0, models.lastIndexOf('node_modules') + 'node_modules'.length);
}

function isCatalogueData(data: unknown): data is CatalogueData {
  return (
    isJsonObject(data) &&
    typeof data['fingerprint'] === 'string' &&
    isJsonObject(data['packages']) &&
    isJsonObject(data['kinds'])
  );
}

import { appendFile, cp } from 'node:fs/promises';
import path from 'node:path';
import { SILENT } from '../common/logger.js';
import { findProjectRoot } from '../system/project-root.js';
import { createTempFolder } from '../system/temp-folder.js';
import { createCatalogSource } from './catalog-source.js';

test('the labs that are kept are those that would be read, until a file changes', async () => {
  await using temp = await createTempFolder('catalog');
  const folder = path.join(temp.path, 'labs');
  const from = path.join(findProjectRoot(), 'labs/05-networking');
  await cp(from, path.join(folder, '05-networking'), { recursive: true });
  const open = () =>
    createCatalogSource({
      folder,
      cacheFile: path.join(temp.path, 'labs.cache'),
      dev: false,
      logger: SILENT,
    })();
  const read = await open();
  const kept = await open();
  expect(kept).toEqual(JSON.parse(JSON.stringify(read)));
  const [lab] = read.labs;
  await appendFile(path.join(folder, lab?.id ?? '', 'lab.yaml'), '\n# changed\n');
  const changed = await open();
  expect(changed.labs[0]?.digest).not.toBe(lab?.digest);
});

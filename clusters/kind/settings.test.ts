import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTempFolder } from '../../system/temp-folder.js';
import { readKindSettings } from './settings.js';

test('settings that are not understood are refused by file and field', async () => {
  await using folder = await createTempFolder('settings');
  expect(readKindSettings(folder.path).network).toBe('own');
  writeFileSync(path.join(folder.path, 'kind.yaml'), 'network: mesh\nimagee: x\n');
  expect(() => readKindSettings(folder.path)).toThrow(/kind\.yaml: .*network.*imagee/);
});

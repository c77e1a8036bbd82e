import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { replaceFile } from './replace-file.js';
import { createTempFolder } from './temp-folder.js';

test('a file is replaced whole, with its mode, and no draft stays', async () => {
  await using folder = await createTempFolder();
  const file = path.join(folder.path, 'estimates.json');
  replaceFile(file, 'one', { mode: 0o600 });
  replaceFile(file, 'two', { mode: 0o600 });
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path)).toEqual(['estimates.json']);
});

test('what cannot be put in place says so and leaves no draft', async () => {
  await using folder = await createTempFolder();
  mkdirSync(path.join(folder.path, 'taken'));
  expect(() => {
    replaceFile(path.join(folder.path, 'taken'), 'x', { mode: 0o600 });
  }).toThrow('EISDIR');
  expect(readdirSync(folder.path)).toEqual(['taken']);
});

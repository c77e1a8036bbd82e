import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findProjectRoot } from '../system/project-root.js';
import { readSettings, Settings } from './config.js';

test('every setting has a default', () => {
  expect(readSettings({}, {})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    provider: 'embedded',
  });
});

test('the command line wins over the environment, and the environment over the default', () => {
  const environment = { GATEHOUSE_IDLE_MINUTES: '7', GATEHOUSE_PORT: '1234' };
  expect(readSettings({ port: '4321' }, environment)).toMatchObject({ idleMinutes: 7, port: 4321 });
});

test('a wrong setting is named with its variable', () => {
  expect(() => readSettings({}, { GATEHOUSE_PORT: 'http' })).toThrow(/port \(GATEHOUSE_PORT\)/);
});

test('docs/class.md names every setting', () => {
  const text = readFileSync(path.join(findProjectRoot(), 'docs/class.md'), 'utf8');
  const named = [...text.matchAll(/^\| `GATEHOUSE_(\w+)`/gm)].map(([, name = '']) => name);
  const words = Object.keys(Settings.shape).map((name) =>
    name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
  );
  expect(named.sort()).toEqual(words.sort());
});

import { writeSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SILENT } from '../../../../common/logger.js';
import { createClusterApi } from '../create-cluster-api.js';
import type { ClusterApiServerSide } from '../create-cluster-api.js';
import { SMALL_DEFINITIONS } from '../test-support/small-definitions.js';
import { Journal } from './journal.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'journal-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function start(
  write: typeof writeSync = writeSync,
): Promise<{ api: ClusterApiServerSide; journal: Journal; found: boolean }> {
  const journal = new Journal({ folder, logger: SILENT, write });
  const api = createClusterApi({ resources: SMALL_DEFINITIONS, log: journal });
  const found = await journal.recover(api.store);
  if (!found) {
    api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  }
  return { api, journal, found };
}

const configMap = (name: string, value = '') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'demo' },
  data: { value },
});

test('what was flushed is there after a restart, with the same versions, and revisions go on rising', async () => {
  const first = await start();
  expect(first.found).toBe(false);
  const kept = first.api.create('configmaps', configMap('kept', 'ä"\n'));
  first.api.create('configmaps', configMap('gone'));
  first.api.delete('configmaps', { name: 'gone', namespace: 'demo' });
  await first.api.flushed();
  const { revision } = first.api.store;
  // No orderly end: the process is killed here.
  const second = await start();
  expect(second.found).toBe(true);
  expect(second.api.list('configmaps')).toEqual([kept]);
  expect(Object.isFrozen(second.api.list('configmaps')[0]?.['data'])).toBe(true);
  const next = second.api.create('configmaps', configMap('next'));
  expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(revision);
  await second.journal[Symbol.asyncDispose]();
  await first.journal[Symbol.asyncDispose]();
});

test('a torn last line is cut off and later writes are readable', async () => {
  const first = await start();
  first.api.create('configmaps', configMap('a'));
  await first.journal[Symbol.asyncDispose]();
  const [name = ''] = await readdir(folder);
  await appendFile(path.join(folder, name), '{"r":"configmaps","v":99,"o":{"apiVer');
  const second = await start();
  second.api.create('configmaps', configMap('b'));
  await second.journal[Symbol.asyncDispose]();
  const third = await start();
  expect(third.api.list('configmaps').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  await third.journal[Symbol.asyncDispose]();
});

test('cut at every byte, a journal gives back a state that was', async () => {
  const first = await start();
  for (let i = 0; i < 3; i += 1) first.api.create('configmaps', configMap(`c${i}`, 'ü'));
  await first.journal[Symbol.asyncDispose]();
  const [name = ''] = await readdir(folder);
  const whole = await readFile(path.join(folder, name));
  for (let length = 0; length <= whole.length; length += 7) {
    await writeFile(path.join(folder, name), whole.subarray(0, length));
    const journal = new Journal({ folder, logger: SILENT });
    const api = createClusterApi({ resources: SMALL_DEFINITIONS, log: journal });
    await journal.recover(api.store);
    const names = api.list('configmaps').map(({ metadata }) => metadata.name);
    expect(['c0', 'c1', 'c2'].slice(0, names.length)).toEqual(names);
    await journal[Symbol.asyncDispose]();
  }
});

test('a long journal becomes a snapshot and a short journal', async () => {
  const first = await start();
  const big = 'x'.repeat(200_000);
  for (let i = 0; i < 40; i += 1) {
    if (i === 0) first.api.create('configmaps', configMap('big', big));
    else {
      first.api.update('configmaps', { name: 'big', namespace: 'demo' }, (draft) => {
        draft['data'] = { value: big, turn: String(i) };
      });
    }
    await first.api.flushed();
  }
  await first.journal[Symbol.asyncDispose]();
  const names = await readdir(folder);
  expect(names).toHaveLength(2);
  expect(names.every((name) => !name.includes('-0.'))).toBe(true);
  const second = await start();
  expect(second.api.get('configmaps', 'big', 'demo')?.['data']).toMatchObject({ turn: '39' });
  expect(second.api.get('namespaces', 'demo')).toBeDefined();
  await second.journal[Symbol.asyncDispose]();
});

test('many who wait share few fsyncs, and each hears of its own write', async () => {
  const { api, journal } = await start();
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      api.create('configmaps', configMap(`c${i}`));
      await api.flushed();
      order.push(i);
    }),
  );
  expect(order).toHaveLength(50);
  await journal[Symbol.asyncDispose]();
});

test('a full disk refuses who waits, keeps memory readable, and is got over', async () => {
  let isFull = false;
  const { api, journal } = await start(((...args: Parameters<typeof writeSync>) => {
    if (!isFull) return writeSync(...args);
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  }) as typeof writeSync);
  await api.flushed();
  isFull = true;
  api.create('configmaps', configMap('a'));
  await expect(api.flushed()).rejects.toMatchObject({ code: 507, reason: 'InsufficientStorage' });
  await expect(journal.ready()).rejects.toThrow('is full, so nothing was changed');
  expect(api.get('configmaps', 'a', 'demo')).toBeDefined();
  isFull = false;
  await journal.ready();
  api.create('configmaps', configMap('b'));
  await api.flushed();
  await journal[Symbol.asyncDispose]();
  const second = await start();
  expect(second.api.list('configmaps').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  await second.journal[Symbol.asyncDispose]();
});

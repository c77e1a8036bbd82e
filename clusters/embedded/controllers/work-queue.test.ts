import type { Logger } from '../../../common/logger.js';
import { SILENT } from '../../../common/logger.js';
import { RetryError, WorkLoop } from './work-queue.js';

const soon = (ms = 0): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

test('a key that waits already is handled once', async () => {
  using loop = new WorkLoop(SILENT);
  const handled: string[] = [];
  const queue = loop.queue('test', (key) => handled.push(key));
  queue.add('a');
  queue.add('b');
  queue.add('a');
  expect(handled).toEqual([]);
  await soon(5);
  expect(handled).toEqual(['a', 'b']);
  queue.add('a');
  await soon(5);
  expect(handled).toEqual(['a', 'b', 'a']);
  expect(loop.idle).toBe(true);
});

test('microtasks of one handler run before the next handler', async () => {
  using loop = new WorkLoop(SILENT);
  const order: string[] = [];
  const queue = loop.queue('test', (key) => {
    order.push(key);
    queueMicrotask(() => order.push(`after ${key}`));
  });
  queue.add('a');
  queue.add('b');
  await soon(5);
  expect(order).toEqual(['a', 'after a', 'b', 'after b']);
});

test('a handler that throws is tried again and stops nobody else', async () => {
  const errors: string[] = [];
  const logger: Logger = { ...SILENT, error: (message) => errors.push(message) };
  using loop = new WorkLoop(logger);
  let tries = 0;
  const seen: string[] = [];
  const queue = loop.queue('test', (key) => {
    if (key === 'bad') {
      tries += 1;
      if (tries < 3) throw new Error('a bug');
    }
    seen.push(key);
  });
  queue.add('bad');
  queue.add('good');
  await soon(60);
  expect(seen).toEqual(['good', 'bad']);
  expect(errors).toEqual(['a controller failed', 'a controller failed']);
});

test('a wish to try again is no defect', async () => {
  const errors: string[] = [];
  using loop = new WorkLoop({ ...SILENT, error: (message) => errors.push(message) });
  let tries = 0;
  const queue = loop.queue('test', () => {
    tries += 1;
    if (tries === 1) throw new RetryError('not yet');
  });
  queue.add('a');
  await soon(30);
  expect(tries).toBe(2);
  expect(errors).toEqual([]);
});

test('of several delays the earliest counts, and an ended loop runs nothing', async () => {
  const loop = new WorkLoop(SILENT);
  const handled: string[] = [];
  const queue = loop.queue('test', (key) => handled.push(key));
  queue.addAfter('a', 10_000);
  queue.addAfter('a', 10);
  queue.addAfter('a', 5000);
  await soon(40);
  expect(handled).toEqual(['a']);
  queue.addAfter('b', 10);
  loop[Symbol.dispose]();
  queue.add('c');
  await soon(30);
  expect(handled).toEqual(['a']);
});

test('long work gives way to timers', async () => {
  using loop = new WorkLoop(SILENT);
  let handled = 0;
  const queue = loop.queue('test', () => {
    const end = performance.now() + 1;
    while (performance.now() < end);
    handled += 1;
  });
  for (let i = 0; i < 50; i += 1) queue.add(String(i));
  await soon(10);
  expect(handled).toBeLessThan(50);
});

test('what failed in a namespace can be tried again at once', async () => {
  using loop = new WorkLoop(SILENT);
  const tried: string[] = [];
  const queue = loop.queue('test', (key) => {
    tried.push(key);
    if (tried.length < 12) throw new RetryError('not yet');
  });
  queue.add('a/x');
  await soon(200);
  const before = tried.length;
  loop.retry('b');
  loop.retry('a');
  await soon(1);
  expect(tried).toHaveLength(before + 1);
});

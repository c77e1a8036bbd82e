import { Cleanup } from './cleanup.js';

test('steps are undone in reverse, all of them, and their failures are thrown together', async () => {
  const order: string[] = [];
  const cleanup = new Cleanup();
  cleanup.add('first', () => order.push('first'));
  cleanup.add('second', () => {
    order.push('second');
    throw new Error('stuck');
  });
  cleanup.add('third', () => Promise.resolve(order.push('third')));
  await expect(cleanup[Symbol.asyncDispose]()).rejects.toThrow(AggregateError);
  expect(order).toEqual(['third', 'second', 'first']);
});

test('steps that moved to a new owner are not undone by the old one', async () => {
  const order: string[] = [];
  const cleanup = new Cleanup();
  cleanup.add('step', () => order.push('step'));
  const owner = cleanup.move();
  await cleanup[Symbol.asyncDispose]();
  expect(order).toEqual([]);
  await owner[Symbol.asyncDispose]();
  expect(order).toEqual(['step']);
});

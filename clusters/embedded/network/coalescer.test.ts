import { SILENT } from '../../../common/logger.js';
import { Coalescer } from './coalescer.js';

test('askings of one tick are done at once, and one that came while the work ran is done after it', async () => {
  let runs = 0;
  const work: Coalescer = new Coalescer(() => {
    runs += 1;
    if (runs === 1) work.request();
    return Promise.resolve();
  }, SILENT);
  work.request();
  work.request();
  await work.settled();
  expect(runs).toBe(2);
});

test('who asked is caught up although others go on asking without end', async () => {
  let isOver = false;
  let runs = 0;
  const work: Coalescer = new Coalescer(() => {
    runs += 1;
    if (!isOver) work.request();
    return Promise.resolve();
  }, SILENT);
  work.request();
  await work.caughtUp();
  expect(runs).toBe(1);
  work.request();
  await work.caughtUp();
  expect(runs).toBeGreaterThan(1);
  isOver = true;
  await work.settled();
});

test('who asked is told of a failure, and it is tried again', async () => {
  let isBroken = true;
  const work = new Coalescer(
    () => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve()),
    SILENT,
  );
  work.request();
  await expect(work.caughtUp()).rejects.toThrow('could not be brought up to date');
  isBroken = false;
  work.request();
  await work.caughtUp();
  work.stop();
});

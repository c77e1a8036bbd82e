import { Clock } from './clock.js';

const MINUTE = 60_000;

function createClock(options: Partial<ConstructorParameters<typeof Clock>[0]> = {}): Clock {
  return new Clock({
    createdAt: Date.now(),
    lastActiveAt: Date.now(),
    idleMs: 60 * MINUTE,
    warningMs: 5 * MINUTE,
    mostMs: 600 * MINUTE,
    ...options,
  });
}

test('a quiet lab is warned of before it ends', () => {
  const clock = createClock();
  expect(clock.state(Date.now() + 54 * MINUTE)).toBe('running');
  expect(clock.state(Date.now() + 56 * MINUTE)).toBe('warning');
  expect(clock.state(Date.now() + 61 * MINUTE)).toBe('over');
});

test('a sign of life moves the end', () => {
  const clock = createClock({ lastActiveAt: Date.now() - 59 * MINUTE });
  expect(clock.state()).toBe('warning');
  clock.touch();
  expect(clock.state()).toBe('running');
  expect(clock.isFinal).toBe(false);
});

test('no sign of life moves the end of the longest time', () => {
  const clock = createClock({ createdAt: Date.now() - 601 * MINUTE });
  clock.touch();
  expect(clock.state()).toBe('over');
  expect(clock.isFinal).toBe(true);
});

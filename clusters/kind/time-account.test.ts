import { TimeAccount } from './time-account.js';

test('a moment that several things wait for counts once, and the rest is ours', () => {
  let now = 0;
  const account = new TimeAccount(() => now);
  account.touch();
  account.add('kind', { from: 10, to: 60 });
  account.add('kubernetes', { from: 50, to: 90 });
  account.add('docker', { from: 85, to: 94 });
  now = 100;
  account.past('denials', 5);
  account.touch();
  const { totalMs, oursMs, dockerMs, dockerCalls, byNeed } = account.sum();
  expect([totalMs, oursMs, dockerMs, dockerCalls]).toEqual([100, 15, 4, 1]);
  expect([byNeed.get('kind'), byNeed.get('denials')]).toEqual([50, 5]);
  expect(account.toString()).toMatch(
    /^0\.1 s in all: kind itself 0\.1 s.*\(15 %\), is Gatehouse's own: 1 calls of docker /,
  );
  expect(new TimeAccount().toString()).toBe('');
});

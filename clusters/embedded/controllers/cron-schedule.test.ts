import { parseCron } from './cron-schedule.js';

const next = (text: string, after: string, timeZone?: string): string | undefined => {
  const at = parseCron(text, timeZone).next(Date.parse(after));
  return at === undefined ? undefined : new Date(at).toISOString();
};

test.each([
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00.000Z'],
  ['*/15 * * * *', '2026-01-01T00:46:10Z', '2026-01-01T01:00:00.000Z'],
  ['30 4 * * *', '2026-01-01T04:30:00Z', '2026-01-02T04:30:00.000Z'],
  ['0 9 * * mon-fri', '2026-01-02T10:00:00Z', '2026-01-05T09:00:00.000Z'],
  ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00.000Z'],
  ['0 0 1,15 * 3', '2026-01-02T00:00:00Z', '2026-01-07T00:00:00.000Z'],
  ['5/20 * * * *', '2026-01-01T00:06:00Z', '2026-01-01T00:25:00.000Z'],
  ['0 0 29 feb *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['@hourly', '2026-01-01T00:00:01Z', '2026-01-01T01:00:00.000Z'],
  ['@yearly', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00.000Z'],
])('%s after %s is %s', (text, after, expected) => {
  expect(next(text, after)).toBe(expected);
});

test('a schedule follows its time zone through summer time', () => {
  expect(next('0 8 * * *', '2026-01-01T00:00:00Z', 'Europe/Zurich')).toBe(
    '2026-01-01T07:00:00.000Z',
  );
  expect(next('0 8 * * *', '2026-07-01T00:00:00Z', 'Europe/Zurich')).toBe(
    '2026-07-01T06:00:00.000Z',
  );
});

test('a date that never comes gives nothing', () => {
  expect(next('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
});

test.each([
  '',
  '* * * *',
  '61 * * * *',
  'a * * * *',
  '*/0 * * * *',
  '5-1 * * * *',
  '1-2-3 * * * *',
])('%p is refused', (text) => {
  expect(() => parseCron(text)).toThrow();
});

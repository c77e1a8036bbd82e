import { ageOf, humanDuration } from './human-duration.js';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test.each([
  [-2 * S, '<invalid>'],
  [-1 * S, '0s'],
  [0, '0s'],
  [119 * S, '119s'],
  [2 * M, '2m'],
  [2 * M + 5 * S, '2m5s'],
  [10 * M + 5 * S, '10m'],
  [179 * M, '179m'],
  [3 * H, '3h'],
  [3 * H + 4 * M, '3h4m'],
  [8 * H + 4 * M, '8h'],
  [47 * H, '47h'],
  [2 * D, '2d'],
  [2 * D + 3 * H, '2d3h'],
  [8 * D + 3 * H, '8d'],
  [729 * D, '729d'],
  [730 * D, '2y'],
  [735 * D, '2y5d'],
  [8 * 365 * D + D, '8y'],
])('%i milliseconds are %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

test('the age of no time is unknown', () => {
  expect(ageOf(undefined, 0)).toBe('<unknown>');
  expect(ageOf('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:05Z'))).toBe('5s');
});

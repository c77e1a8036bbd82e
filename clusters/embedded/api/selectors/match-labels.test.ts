import { matchesSelector, meetsRequirement } from './match-labels.js';

test('an absent selector matches nothing, an empty one everything', () => {
  expect(matchesSelector(undefined, { a: 'b' })).toBe(false);
  expect(matchesSelector({}, { a: 'b' })).toBe(true);
  expect(matchesSelector({}, undefined)).toBe(true);
});

test('labels and expressions must all hold', () => {
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['db'] }],
  };
  expect(matchesSelector(selector, { app: 'web' })).toBe(true);
  expect(matchesSelector(selector, { app: 'web', tier: 'db' })).toBe(false);
  expect(matchesSelector(selector, { app: 'api' })).toBe(false);
});

test.each<{ operator: string; values: string[]; value?: string; expected: boolean }>([
  { operator: 'In', values: ['a', 'b'], value: 'a', expected: true },
  { operator: 'In', values: ['a'], expected: false },
  { operator: 'NotIn', values: ['a'], expected: true },
  { operator: 'NotIn', values: ['a'], value: 'a', expected: false },
  { operator: 'Exists', values: [], value: '', expected: true },
  { operator: 'Exists', values: [], expected: false },
  { operator: 'DoesNotExist', values: [], expected: true },
  { operator: 'DoesNotExist', values: [], value: 'x', expected: false },
  { operator: 'Near', values: ['3'], value: '3', expected: false },
])('$operator $values of $value is $expected', ({ operator, values, value, expected }) => {
  const labels: Record<string, string> = value === undefined ? {} : { key: value };
  expect(meetsRequirement({ key: 'key', operator, values }, labels)).toBe(expected);
});

test('what every object has by birth is no label', () => {
  expect(meetsRequirement({ key: 'constructor', operator: 'Exists' }, {})).toBe(false);
});

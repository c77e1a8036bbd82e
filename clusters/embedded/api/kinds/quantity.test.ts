import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
  quantityToInteger,
} from './quantity.js';

test.each([
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['100Ki', '100Ki'],
  ['1000Ki', '1000Ki'],
  ['512', '512'],
  ['1000', '1k'],
  ['1500', '1500'],
  ['1e3', '1e3'],
  ['0.1m', '100u'],
  ['0.0000000001', '1n'],
  ['-5', '-5'],
  ['+3', '3'],
  ['.5', '500m'],
  ['5.', '5'],
  ['0Mi', '0'],
  ['1Ki', '1Ki'],
  ['0.5Ki', '512'],
  ['2E', '2E'],
  ['1e999999999', '9223372036854775807'],
  ['1e-999999999', '1e-9'],
  ['0e999999999', '0'],
  ['9'.repeat(100), '9223372036854775807'],
  ['0'.repeat(100), '0'],
])('%s is written %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

test.each(['', 'abc', '1 Gi', '1gi', '--1', '1e', '1.2.3', '.'])('%s is no quantity', (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});

test('quantities compare by amount, not by text', () => {
  expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
  expect(compareQuantities('100m', '0.2')).toBe(-1);
  expect(compareQuantities('1k', '999')).toBe(1);
});

test('parts of a unit count as one', () => {
  expect(quantityToInteger('1500m')).toBe(2);
  expect(quantityToInteger('2')).toBe(2);
  expect(quantityToInteger('0')).toBe(0);
});

test('a sum keeps the style of its first part', () => {
  expect(addQuantities('500m', '1')).toBe('1500m');
  expect(addQuantities('512Mi', '512Mi')).toBe('1Gi');
  expect(addQuantities('0', '1Gi')).toBe('1Gi');
});

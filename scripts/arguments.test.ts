import { parseCount, parsePort } from './arguments.js';

test.each(['abc', '-1', '65536', '80.5', ''])('"%s" is no port', (text) => {
  expect(() => parsePort(text)).toThrow('It must be a number from 0 to 65535.');
});

test.each(['0', 'many', '1.5', ''])('"%s" is no count', (text) => {
  expect(() => parseCount(text)).toThrow('It must be a whole number, 1 or more.');
});

test('what is right is taken', () => {
  expect([parsePort('0'), parsePort('8080'), parseCount('3')]).toEqual(['0', '8080', 3]);
});

import { findDuplicateFields } from './duplicate-fields.js';

test.each([
  ['{"a":1,"b":{"a":2}}', []],
  ['{"spec":{"podSelector":{},"podSelector":{}}}', ['spec.podSelector']],
  ['{"a":[{"b":1},{"b":1,"b":2}]}', ['a[1].b']],
  ['{"a" : "x\\"}{", "a":[[1, 2], {"c":null,"c":false}]}', ['a', 'a[1].c']],
  ['[]', []],
])('%s', (text, expected) => {
  expect(findDuplicateFields(text)).toEqual(expected);
});

import { canonicalJson, digestOfJson } from './canonical-json.js';

test('a value is written as in the examples of RFC 8785', () => {
  const numbers = JSON.parse(
    '[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]',
  );
  expect(
    canonicalJson({
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      numbers,
      literals: [null, true, false],
    }),
  ).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test('members are in order of the UTF-16 units of their names, as RFC 8785 sorts them', () => {
  const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
  const text = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])));
  const written: object = JSON.parse(text);
  expect(Object.keys(written)).toEqual([
    '1',
    '\r',
    '\u0080',
    '\u00f6',
    '\u20ac',
    '\ud83d\ude00',
    '\ufb33',
  ]);
});

test('what is not there and what is undefined have the same digest, and an order has none of its own', () => {
  expect(digestOfJson({ a: 1, b: undefined })).toBe(digestOfJson({ a: 1 }));
  expect(digestOfJson({ a: 1, b: 2 })).toBe(digestOfJson({ b: 2, a: 1 }));
  expect(digestOfJson([1, 2])).not.toBe(digestOfJson([2, 1]));
});

import { OutOfTimeError, runBounded } from './bounded.js';
import { compileCel } from './compile.js';
import { environmentWith } from './environment.js';
import { celText, toCel } from './values.js';

const env = environmentWith({ self: 'dyn' });
const self = toCel({
  n: 3,
  f: 1.5,
  s: 'hello',
  l: [3, 1, 2],
  m: { a: 1 },
  empty: [],
  deep: [{ a: 1, c: { d: 1 } }, { c: {} }],
});

test.each<[string, unknown]>([
  // strings and regular expressions
  ['self.s.charAt(1)', 'e'],
  ['"a-b-c".replace("-", "+")', 'a+b+c'],
  ['"a-b-c".replace("-", "+", 1)', 'a+b-c'],
  ['"abc".reverse()', 'cba'],
  [
    '"%s has %d of %.2f, %x, %b%%".format([self.l, 5, 1.239, 255, true])',
    '[3, 1, 2] has 5 of 1.24, ff, 1%',
  ],
  ['"abc 123 45".find("[0-9]+")', '123'],
  ['"abc 123 45".findAll("[0-9]+").size()', 2n],
  ['"abc 123 45".findAll("[0-9]+", 1) == ["123"]', true],
  ['self.s.matches("^h.*o$")', true],
  // lists and sets
  ['self.l.isSorted() || [1, 2].isSorted() && ["a", "b"].isSorted()', true],
  ['self.l.sum() == 6 && [1.5, 2.5].sum() == 4.0 && self.empty.sum() == 0', true],
  ['self.l.min() == 1 && self.l.max() == 3', true],
  ['self.l.indexOf(1) == 1 && self.l.indexOf(9) == -1 && [1, 1].lastIndexOf(1) == 1', true],
  ['sets.contains(self.l, [1, 3]) && !sets.contains(self.l, [4])', true],
  ['sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], self.l)', true],
  // quantities
  ['quantity("1Gi").isGreaterThan(quantity("1000Mi")) && quantity("500m").sign() == 1', true],
  ['quantity("1k").add(quantity("1")).asInteger()', 1001n],
  ['quantity("50Mi").sub(20).compareTo(quantity("50Mi")) == -1', true],
  ['isQuantity("1.5Gi") && !isQuantity("a") && quantity("1000m") == quantity("1")', true],
  ['quantity("1500m").isInteger()', false],
  // addresses
  ['isIP("10.0.0.1") && isIP("::1") && !isIP("10.0.0.01") && !isIP("1.2.3")', true],
  ['ip("10.0.0.1").family() == 4 && ip("fe80::1").isLinkLocalUnicast()', true],
  ['ip("127.0.0.1").isLoopback() && ip("0.0.0.0").isUnspecified()', true],
  [
    'cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsIP(ip("11.0.0.1"))',
    true,
  ],
  [
    'cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !cidr("10.1.0.0/16").containsCIDR("10.0.0.0/8")',
    true,
  ],
  ['string(cidr("192.168.7.9/20").masked())', '192.168.0.0/20'],
  ['cidr("::/0").prefixLength()', 0n],
  ['isCIDR("10.0.0.0/33") || isCIDR("10.0.0.0")', false],
  // URLs
  ['url("https://example.com:8080/a%20b?x=1&x=2").getHost()', 'example.com:8080'],
  [
    'url("https://[::1]:80/").getHostname() == "::1" && url("/a/b").getEscapedPath() == "/a/b"',
    true,
  ],
  ['url("https://a/?x=1&x=2").getQuery() == {"x": ["1", "2"]}', true],
  ['isURL("/a") && !isURL("a b")', true],
  // formats
  ['format.dns1123Label().validate("web-1").hasValue()', false],
  ['format.dns1123Label().validate("Web").value().size() > 0', true],
  ['format.named("uuid").hasValue() && !format.named("none").hasValue()', true],
  // the language
  ['self.?zz.orValue(7) + self.n', 10n],
  ['self.l.map(x, x * 2).filter(x, x > 2).exists_one(x, x == 6)', true],
  ['has(self.deep[0].a) && !has(self.deep[1].a) && self.deep.exists(x, has(x["c"].d))', true],
  ['has(self.deep.filter(x, has(x.c))[0].c.d) && !has(dyn(self.deep)[1].c.e)', true],
  ['has(self.constructor) || has(self.toString)', false],
  ['self.f < 2 && self.n > 2.5', true],
])('%s', (source, expected) => {
  expect(
    compileCel(source, env, typeof expected === 'boolean' ? 'bool' : 'dyn').run({ self }),
  ).toEqual(expected);
});

test.each<[string, string]>([
  ['self.zz', 'no such key: zz'],
  ['self.l[7]', 'index out of bounds, index 7 >= size 3'],
  ['self.n / 0', 'division by zero'],
  [
    'quantity("x") == quantity("1")',
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  ['self.empty.min() == 1', 'min called on empty list'],
])('%s fails: %s', (source, message) => {
  expect(() => compileCel(source, env, 'dyn').run({ self })).toThrow(message);
});

test('what cannot be compiled is shown where it is wrong', () => {
  expect(() => compileCel('self.n >\n  other', env, 'bool')).toThrow(
    "compilation failed: ERROR: <input>:2:3: undeclared reference to 'other' (in container '')\n |   other\n | ..^",
  );
  expect(() => compileCel('"a"', env, 'bool')).toThrow('must evaluate to bool');
});

test('a program tells which names it uses', () => {
  const program = compileCel('self.l.all(x, x in self.m)', env, 'bool');
  expect([...program.names].sort()).toEqual(['self', 'x']);
});

test('what does not end is ended', () => {
  expect(() =>
    runBounded(20, () => {
      for (;;);
    }),
  ).toThrow(OutOfTimeError);
  // Held up by others, not by itself.
  let runs = 0;
  const held = runBounded(20, () => {
    runs += 1;
    if (runs === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    return 'done';
  });
  expect([held, runs]).toEqual(['done', 2]);
  expect(runBounded(1000, () => runBounded(1000, () => 'inner'))).toBe('inner');
});

test('values are put in words', () => {
  expect(celText(toCel({ a: [1, 'b', null], c: true }))).toBe('{a: [1, b, null], c: true}');
});

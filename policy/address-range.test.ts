import fc from 'fast-check';
import {
  contains,
  formatAddress,
  formatRange,
  parseAddress,
  parseCidr,
  subtract,
  union,
} from './address-range.js';

test.each(['10.0.0.1', '0.0.0.0', '255.255.255.255', 'fd00::1', '::'])(
  '%s is read and written back',
  (text) => {
    expect(formatAddress(parseAddress(text)!)).toBe(text);
  },
);

test.each(['10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1.2', 'fe80::1%eth0', 'web', ''])(
  '%p is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', 'fd00::/129', '/8', '10.0.0.0/'])(
  '%p is no block',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

test('a block covers its addresses, also when host bits are set', () => {
  expect(formatRange(parseCidr('10.1.2.3/16')!)).toBe('10.1.0.0-10.1.255.255');
  expect(formatRange(parseCidr('10.1.2.3/32')!)).toBe('10.1.2.3');
});

const range = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 10 })).map(([first, size]) => ({
  family: 4 as const,
  first: BigInt(first),
  last: BigInt(first + size),
}));

test('cutting and joining agree with counting addresses one by one', () => {
  fc.assert(
    fc.property(range, fc.array(range, { maxLength: 4 }), (whole, cuts) => {
      const rest = subtract(whole, cuts);
      const joined = union([whole, ...cuts]);
      for (let value = 0n; value < 60n; value += 1n) {
        const address = { family: 4 as const, value };
        expect(contains(rest, address)).toBe(
          contains([whole], address) && !contains(cuts, address),
        );
        expect(contains(joined, address)).toBe(contains([whole, ...cuts], address));
      }
      expect(joined.every(({ first }, i) => i === 0 || first > joined[i - 1]!.last + 1n)).toBe(
        true,
      );
    }),
  );
});

import ipaddr from 'ipaddr.js';

/** An address as a number, so that ranges are plain intervals. */
export interface Address {
  family: 4 | 6;
  value: bigint;
}

/** Both ends belong to it. */
export interface AddressRange {
  family: 4 | 6;
  first: bigint;
  last: bigint;
}

/** Undefined for anything that is not a plain IPv4 or IPv6 address (leading zeros are refused, as Kubernetes does). */
export function parseAddress(text: string): Address | undefined {
  if (V4.test(text)) {
    const parts = text.split('.').map(Number);
    if (parts.some((part) => part > 255)) return undefined;
    return { family: 4, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const bytes = ipaddr.IPv6.parse(text).toByteArray();
  return { family: 6, value: bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) };
}

/** Bits set beyond the prefix are ignored, as the data planes do. Undefined where it is no CIDR. */
export function parseCidr(text: string): AddressRange | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  if (address === undefined) return undefined;
  const bits = BITS[address.family];
  const prefix = Number(match?.[2]);
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = (address.value / size) * size;
  return { family: address.family, first, last: first + size - 1n };
}

export function contains(ranges: readonly AddressRange[], address: Address): boolean {
  return ranges.some(
    ({ family, first, last }) =>
      family === address.family && first <= address.value && address.value <= last,
  );
}

/** What is left of a range when others are cut out of it, in order. */
export function subtract(range: AddressRange, cuts: readonly AddressRange[]): AddressRange[] {
  const rest: AddressRange[] = [];
  let first = range.first;
  const ordered = cuts
    .filter(({ family }) => family === range.family)
    .toSorted((a, b) => compare(a.first, b.first));
  for (const cut of ordered) {
    if (cut.last < first) continue;
    if (cut.first > range.last) break;
    if (cut.first > first) rest.push({ family: range.family, first, last: cut.first - 1n });
    first = cut.last + 1n;
  }
  if (first <= range.last) rest.push({ family: range.family, first, last: range.last });
  return rest;
}

/** The same addresses as few, ordered ranges that neither overlap nor touch. */
export function union(ranges: readonly AddressRange[]): AddressRange[] {
  const merged: AddressRange[] = [];
  const ordered = ranges.toSorted((a, b) => a.family - b.family || compare(a.first, b.first));
  for (const range of ordered) {
    const previous = merged.at(-1);
    if (previous?.family === range.family && range.first <= previous.last + 1n) {
      if (range.last > previous.last) {
        merged[merged.length - 1] = { ...previous, last: range.last };
      }
    } else merged.push(range);
  }
  return merged;
}

export function isWholeFamily({ family, first, last }: AddressRange): boolean {
  return first === 0n && last === (1n << BigInt(BITS[family])) - 1n;
}

export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  }
  const bytes = Array.from({ length: 16 }, (_, i) =>
    Number((value >> BigInt(8 * (15 - i))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** `10.0.0.0-10.0.0.9`, or the address alone where the range is one address. */
export function formatRange({ family, first, last }: AddressRange): string {
  const from = formatAddress({ family, value: first });
  return first === last ? from : `${from}-${formatAddress({ family, value: last })}`;
}

const V4 = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/;
const BITS = { 4: 32, 6: 128 } as const;
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

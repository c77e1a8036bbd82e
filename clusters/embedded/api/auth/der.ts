/** The few ASN.1 values a certificate is made of, in DER. */

export function sequence(...items: Buffer[]): Buffer {
  return wrap(0x30, Buffer.concat(items));
}

export function set(...items: Buffer[]): Buffer {
  return wrap(0x31, Buffer.concat(items));
}

/** `[number] EXPLICIT`. */
export function explicit(number: number, item: Buffer): Buffer {
  return wrap(0xa0 | number, item);
}

/** `[number] IMPLICIT` over primitive bytes. */
export function implicit(number: number, bytes: Buffer): Buffer {
  return wrap(0x80 | number, bytes);
}

export function boolean(value: boolean): Buffer {
  return wrap(0x01, Buffer.from([value ? 0xff : 0]));
}

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes[0] ?? 0;
  return wrap(0x02, first >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return wrap(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return wrap(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return wrap(0x0c, Buffer.from(text, 'utf8'));
}

/** UTCTime up to 2049, GeneralizedTime after, as RFC 5280 wants. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? wrap(0x17, Buffer.from(digits.slice(2), 'ascii'))
    : wrap(0x18, Buffer.from(digits, 'ascii'));
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return wrap(0x06, Buffer.from(bytes));
}

function wrap(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

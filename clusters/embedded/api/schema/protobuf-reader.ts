/** Reads the proto2 wire format: a message as numbered fields. */

export type WireValue = bigint | Buffer;

/** The fields of a message in order. Throws RangeError where the bytes end early or make no sense. */
export function* readFields(bytes: Buffer): Generator<[number, WireValue]> {
  let at = 0;
  while (at < bytes.length) {
    const [key, afterKey] = readVarint(bytes, at);
    const field = Number(key >> 3n);
    at = afterKey;
    switch (Number(key & 7n)) {
      case 0: {
        const [value, next] = readVarint(bytes, at);
        yield [field, value];
        at = next;
        break;
      }
      case 1:
        yield [field, slice(bytes, at, at + 8)];
        at += 8;
        break;
      case 2: {
        const [length, start] = readVarint(bytes, at);
        at = start + Number(length);
        yield [field, slice(bytes, start, at)];
        break;
      }
      case 5:
        yield [field, slice(bytes, at, at + 4)];
        at += 4;
        break;
      default:
        throw new RangeError(`proto: illegal wireType ${Number(key & 7n)}`);
    }
  }
}

/** A varint as a signed 64-bit number, as Go's int32 and int64 are sent. */
export function toSigned(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

export function readVarint(bytes: Buffer, start: number): [bigint, number] {
  let value = 0n;
  let shift = 0n;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes.readUInt8(at);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at + 1];
    shift += 7n;
    if (shift > 63n) break;
  }
  throw new RangeError('proto: integer overflow');
}

function slice(bytes: Buffer, start: number, end: number): Buffer {
  if (end > bytes.length) throw new RangeError('unexpected EOF');
  return bytes.subarray(start, end);
}

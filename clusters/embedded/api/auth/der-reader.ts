/** One value of DER: its tag, its content, and the whole as it stands in the text. */
export interface DerValue {
  tag: number;
  content: Buffer;
  whole: Buffer;
}

/** The values of a DER text, one after the other. Throws where it is cut off or has a length we do not expect. */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = byteAt(bytes, at);
    let length = byteAt(bytes, at + 1);
    let head = 2;
    if (length >= 0x80) {
      const more = length & 0x7f;
      if (more === 0 || more > 3) throw new Error('asn1: structure error: length too large');
      length = 0;
      for (let i = 0; i < more; i += 1) length = (length << 8) | byteAt(bytes, at + 2 + i);
      head += more;
    }
    const end = at + head + length;
    if (end > bytes.length) throw new Error('asn1: syntax error: data truncated');
    values.push({
      tag,
      content: bytes.subarray(at + head, end),
      whole: bytes.subarray(at, end),
    });
    at = end;
  }
  return values;
}

/** `2.5.4.3`. */
export function readObjectIdentifier(content: Buffer): string {
  const [first = 0, ...rest] = content;
  const arcs = [Math.min(2, Math.floor(first / 40))];
  arcs.push(first - (arcs[0] ?? 0) * 40);
  let arc = 0;
  for (const byte of rest) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  return arcs.join('.');
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('asn1: syntax error: truncated tag or length');
  return byte;
}

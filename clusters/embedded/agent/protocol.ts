/** The agent's wire format; `native/protocol.c` describes it. */

export type Field = string | number | boolean;

/** One message: its length, then every field as length, bytes and a zero byte. */
export function encodeMessage(fields: readonly Field[]): Buffer {
  const texts = fields.map(textOf);
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const length = lengths.reduce((sum, size) => sum + size + 5, 0);
  const message = Buffer.allocUnsafe(4 + length);
  let at = message.writeUInt32LE(length, 0);
  for (const [index, text] of texts.entries()) {
    at = message.writeUInt32LE(lengths[index] ?? 0, at);
    at += message.write(text, at);
    at = message.writeUInt8(0, at);
  }
  return message;
}

/** The fields of one message without its length. */
export function decodeMessage(message: Buffer): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at + 5 <= message.length) {
    const length = message.readUInt32LE(at);
    fields.push(message.toString('utf8', at + 4, at + 4 + length));
    at += 5 + length;
  }
  return fields;
}

/** A list is its length, then its fields. */
export function listFields(list: readonly string[]): Field[] {
  return [list.length, ...list];
}

export function environmentFields(env: Readonly<Record<string, string>>): Field[] {
  return listFields(Object.entries(env).map(([name, value]) => `${name}=${value}`));
}

/** Cuts a byte stream into the pieces that each start with their length. */
export class PieceReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Calls `take` with every piece that is now complete. */
  push(chunk: Buffer, take: (piece: Buffer) => void): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // Chunks are joined when a piece is complete, not each time one arrives: pieces may be megabytes.
    if (this.#length < 4 || this.#length < 4 + this.#firstLength()) return;
    const data = this.#join();
    let at = 0;
    while (data.length - at >= 4 && data.length - at >= 4 + data.readUInt32LE(at)) {
      const end = at + 4 + data.readUInt32LE(at);
      take(data.subarray(at + 4, end));
      at = end;
    }
    this.#chunks = at === data.length ? [] : [data.subarray(at)];
    this.#length = data.length - at;
  }

  #firstLength(): number {
    const [first] = this.#chunks;
    return (first !== undefined && first.length >= 4 ? first : this.#join()).readUInt32LE(0);
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const joined = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [joined];
    return joined;
  }
}

function textOf(field: Field): string {
  if (typeof field === 'boolean') return field ? '1' : '0';
  return typeof field === 'number' ? String(field) : field;
}

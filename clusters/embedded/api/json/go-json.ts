/**
 * Why Go's JSON parser refuses a text, in its words. Only called for texts that JSON.parse refused already.
 */
export function goJsonError(text: string): string {
  const scan = new Scanner(text);
  try {
    scan.value();
    scan.space();
    if (scan.at < text.length)
      return `invalid character ${quote(text[scan.at] ?? '')} after top-level value`;
  } catch (error) {
    if (error instanceof JsonFault) return error.message;
    throw error;
  }
  return 'unexpected end of JSON input';
}

class JsonFault extends Error {}

class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    this.space();
    const first = this.#peek('looking for beginning of value');
    if (first === '{') this.#object();
    else if (first === '[') this.#array();
    else if (first === '"') this.#string();
    else if (first === '-' || /\d/.test(first)) this.#number();
    else if (first === 't') this.#literal('true');
    else if (first === 'f') this.#literal('false');
    else if (first === 'n') this.#literal('null');
    else throw this.#unexpected('looking for beginning of value');
  }

  space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.at] ?? '')) this.at += 1;
  }

  #object(): void {
    this.at += 1;
    this.space();
    if (this.#peek('looking for beginning of object key string') === '}') {
      this.at += 1;
      return;
    }
    for (;;) {
      this.space();
      if (this.#peek('looking for beginning of object key string') !== '"') {
        throw this.#unexpected('looking for beginning of object key string');
      }
      this.#string();
      this.space();
      if (this.#peek('after object key') !== ':') throw this.#unexpected('after object key');
      this.at += 1;
      this.value();
      this.space();
      const next = this.#peek('after object key:value pair');
      this.at += 1;
      if (next === '}') return;
      if (next !== ',') {
        this.at -= 1;
        throw this.#unexpected('after object key:value pair');
      }
    }
  }

  #array(): void {
    this.at += 1;
    this.space();
    if (this.#peek('looking for beginning of value') === ']') {
      this.at += 1;
      return;
    }
    for (;;) {
      this.value();
      this.space();
      const next = this.#peek('after array element');
      this.at += 1;
      if (next === ']') return;
      if (next !== ',') {
        this.at -= 1;
        throw this.#unexpected('after array element');
      }
    }
  }

  #string(): void {
    this.at += 1;
    for (;;) {
      const next = this.#peek('in string literal');
      if (next === '"') {
        this.at += 1;
        return;
      }
      if (next === '\\') {
        this.at += 1;
        const escaped = this.#peek('in string escape code');
        if (!/["\\/bfnrtu]/.test(escaped)) throw this.#unexpected('in string escape code');
      } else if (next < ' ') throw this.#unexpected('in string literal');
      this.at += 1;
    }
  }

  #number(): void {
    const match = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    match.lastIndex = this.at;
    const found = match.exec(this.#text);
    if (found === null) {
      this.at += 1;
      this.#peek('in numeric literal');
      throw this.#unexpected('in numeric literal');
    }
    this.at += found[0].length;
  }

  #literal(word: string): void {
    for (const letter of word) {
      const expected = `in literal ${word} (expecting '${letter}')`;
      if (this.#peek(expected) !== letter) throw this.#unexpected(expected);
      this.at += 1;
    }
  }

  #peek(_context: string): string {
    const next = this.#text[this.at];
    if (next === undefined) throw new JsonFault('unexpected end of JSON input');
    return next;
  }

  #unexpected(context: string): JsonFault {
    return new JsonFault(`invalid character ${quote(this.#text[this.at] ?? '')} ${context}`);
  }
}

function quote(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  const inside = JSON.stringify(character).slice(1, -1);
  return `'${inside}'`;
}

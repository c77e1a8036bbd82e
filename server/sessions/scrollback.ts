/** How much of a terminal's past is kept: about 2,500 full lines of 80. */
const KEPT_BYTES = 200 * 1024;
const FIRST_BLOCK_BYTES = 4 * 1024;
const BLOCK_BYTES = 32 * 1024;
/** Longer than any mode sequence that programs send. */
const CARRY_BYTES = 48;
const ESC = 0x1b;
const NEWLINE = 0x0a;

/**
 * The last bytes that a terminal showed, in blocks that grow with use. Bytes, because a screen model costs 5 MB per
 * terminal where this costs 0.2; what a screen model would know beyond them, the modes that programs switched on
 * before the part that is kept, is tracked here and put in front.
 */
export class Scrollback {
  #blocks: { bytes: Buffer; used: number }[] = [];
  #size = 0;
  #isTrimmed = false;
  readonly #modes = new Map<string, boolean>();
  #carry = '';

  append(chunk: Buffer): void {
    this.#trackModes(chunk);
    if (chunk.length > KEPT_BYTES) {
      this.#blocks = [];
      this.#size = 0;
      this.#isTrimmed = true;
    }
    let rest = chunk.subarray(Math.max(0, chunk.length - KEPT_BYTES));
    while (rest.length > 0) {
      const block = this.#blockWithRoom();
      const copied = rest.copy(block.bytes, block.used);
      block.used += copied;
      this.#size += copied;
      rest = rest.subarray(copied);
    }
    while (this.#size - (this.#blocks[0]?.used ?? 0) >= KEPT_BYTES) {
      this.#size -= this.#blocks.shift()?.used ?? 0;
      this.#isTrimmed = true;
    }
  }

  /** Drawn on a fresh screen, these bytes show what the terminal shows, as far back as is kept. */
  read(): Buffer {
    const kept = Buffer.concat(this.#blocks.map(({ bytes, used }) => bytes.subarray(0, used)));
    if (!this.#isTrimmed) return kept;
    // Not in the middle of a line, an escape sequence or a letter of several bytes.
    const start = kept.indexOf(NEWLINE) + 1;
    return Buffer.concat([Buffer.from(this.#modeSequences()), kept.subarray(start)]);
  }

  /** Whether a full-screen program has lost what it drew first, and should be asked to draw again. */
  needsRedraw(): boolean {
    return this.#isTrimmed && this.isFullScreen();
  }

  /** Whether a program draws on the whole screen. */
  isFullScreen(): boolean {
    return this.#modes.get('1049') === true || this.#modes.get('47') === true;
  }

  get byteLength(): number {
    return this.#blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  #blockWithRoom(): { bytes: Buffer; used: number } {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.bytes.length) return last;
    const size = Math.min(BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, this.#size));
    const block = { bytes: Buffer.allocUnsafeSlow(size), used: 0 };
    this.#blocks.push(block);
    return block;
  }

  #trackModes(chunk: Buffer): void {
    if (this.#carry === '' && !chunk.includes(ESC)) return;
    const text = this.#carry + chunk.toString('latin1');
    for (const [whole, numbers, letter] of text.matchAll(MODE_SEQUENCE)) {
      if (whole === FULL_RESET) this.#modes.clear();
      for (const number of numbers?.split(';') ?? []) this.#modes.set(number, letter === 'h');
    }
    // A sequence may be cut at the end of a chunk: keep what could be the start of one.
    const lastEscape = text.lastIndexOf('\x1b', text.length);
    const tail = lastEscape === -1 ? '' : text.slice(lastEscape);
    this.#carry = tail.length <= CARRY_BYTES && INCOMPLETE.test(tail) ? tail : '';
  }

  #modeSequences(): string {
    return [...this.#modes].map(([number, on]) => `\x1b[?${number}${on ? 'h' : 'l'}`).join('');
  }
}

const FULL_RESET = '\x1bc';
// eslint-disable-next-line no-control-regex -- terminals speak in control characters
const MODE_SEQUENCE = /\x1b\[\?([\d;]{1,32})([hl])|\x1bc/g;
// eslint-disable-next-line no-control-regex -- terminals speak in control characters
const INCOMPLETE = /^\x1b(\[(\?[\d;]*)?)?$/;

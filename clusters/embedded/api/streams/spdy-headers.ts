import { constants, createDeflate, createInflate } from 'node:zlib';
import type { Deflate, Inflate } from 'node:zlib';

/** Words that the SPDY/3 specification lets both sides know in advance, each with its length in front. */
const WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
  'user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie ' +
  'keep-alive origin';

/** And text without lengths. */
const REST =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

export const DICTIONARY = Buffer.concat([
  ...WORDS.split(' ').flatMap((word) => {
    const text = Buffer.from(word.replace('_', ' '), 'ascii');
    return [uint32(text.length), text];
  }),
  Buffer.from(REST, 'ascii'),
]);

/** Reads the header blocks of one connection, which are one compressed stream. */
export class HeaderReader {
  readonly #inflate: Inflate;
  #chunks: Buffer[] = [];

  constructor() {
    this.#inflate = createInflate({ dictionary: DICTIONARY });
    this.#inflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#inflate.on('error', () => undefined);
  }

  async read(block: Buffer): Promise<Map<string, string>> {
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once('error', reject);
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', reject);
        if (error) reject(error);
        else setImmediate(resolve);
      });
    });
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return parseHeaders(bytes);
  }

  close(): void {
    this.#inflate.close();
  }
}

/** Writes header blocks likewise. */
export class HeaderWriter {
  readonly #deflate: Deflate;
  #chunks: Buffer[] = [];

  constructor() {
    this.#deflate = createDeflate({ dictionary: DICTIONARY });
    this.#deflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#deflate.on('error', () => undefined);
  }

  async write(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    await new Promise<void>((resolve) => {
      this.#deflate.write(formatHeaders(headers));
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => setImmediate(resolve));
    });
    const block = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return block;
  }

  close(): void {
    this.#deflate.close();
  }
}

function parseHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = bytes.readUInt32BE(at);
    const value = bytes.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  for (let left = bytes.length < 4 ? 0 : bytes.readUInt32BE(0); left > 0; left -= 1) {
    const name = text();
    headers.set(name.toLowerCase(), text());
  }
  return headers;
}

function formatHeaders(headers: ReadonlyMap<string, string>): Buffer {
  const parts = [uint32(headers.size)];
  for (const pair of headers) {
    for (const value of pair) {
      const bytes = Buffer.from(value, 'utf8');
      parts.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

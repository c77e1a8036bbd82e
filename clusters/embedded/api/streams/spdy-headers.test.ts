import { DICTIONARY, HeaderReader, HeaderWriter } from './spdy-headers.js';

test('the dictionary is the one of the specification', () => {
  expect(DICTIONARY).toHaveLength(1423);
  expect(adler32(DICTIONARY)).toBe(0xe3c6a7c2);
});

test('blocks of one connection are read back in order', async () => {
  const writer = new HeaderWriter();
  const reader = new HeaderReader();
  for (const headers of [
    new Map([['streamtype', 'error']]),
    new Map(),
    new Map([
      ['streamtype', 'data'],
      ['port', '8080'],
    ]),
  ]) {
    expect(await reader.read(await writer.write(headers))).toEqual(headers);
  }
  writer.close();
  reader.close();
});

function adler32(bytes: Buffer): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return (b * 65536 + a) >>> 0;
}

import fc from 'fast-check';
import { decodeMessage, encodeMessage, PieceReader } from './protocol.js';

test('fields come back as they were sent, however the bytes were cut', () => {
  const messages = fc.array(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      messages,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((fields) => encodeMessage(fields)));
        const received: string[][] = [];
        const reader = new PieceReader();
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          reader.push(bytes.subarray(at, end), (piece) => received.push(decodeMessage(piece)));
          at = end;
        }
        expect(received).toEqual(sent);
      },
    ),
  );
});

test('numbers and flags travel as text', () => {
  expect(decodeMessage(encodeMessage(['x', -1, true, false]).subarray(4))).toEqual([
    'x',
    '-1',
    '1',
    '0',
  ]);
});

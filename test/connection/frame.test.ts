import fc from 'fast-check';
import { createMarkerScanner, createNonce } from '../../src/connection/frame.js';
import { createOutput } from '../../src/connection/output.js';

const NONCE = 'stars-0123';

function scan(pieces: readonly Buffer[]) {
  const seen: string[] = [];
  const scanner = createMarkerScanner(NONCE, {
    onBytes: (bytes) => seen.push(...Array.from(bytes, (byte) => String(byte))),
    onMarker: (line) => seen.push(line),
  });
  for (const piece of pieces) scanner.push(piece);
  return seen;
}

test('bytes and markers come apart the same wherever the stream is cut', () => {
  const outputs = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(...['stars-', 'stars-012', 's', '\n', '0123\n'].map((text) => new Uint8Array(Buffer.from(text)))),
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(outputs, fc.array(fc.nat(40), { maxLength: 20 }), (parts, cuts) => {
      const whole = Buffer.concat(
        parts.flatMap((part, index) => [Buffer.from(part), Buffer.from(`${NONCE} E ${index}\n`)]),
      );
      const expected = parts.flatMap((part, index) => [...Array.from(part, String), `${NONCE} E ${index}`]);
      const pieces: Buffer[] = [];
      let start = 0;
      for (const length of cuts) {
        pieces.push(whole.subarray(start, start + length));
        start += length;
      }
      expect(scan([...pieces, whole.subarray(start)])).toEqual(expected);
    }),
  );
});

test('no two sessions have the same nonce', () => {
  expect(new Set(Array.from({ length: 1000 }, createNonce)).size).toBe(1000);
});

test('what is kept of an output is its beginning and its end, however it arrives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 40 }),
      fc.integer({ min: 2, max: 200 }),
      (pieces, limit) => {
        const output = createOutput(limit);
        for (const piece of pieces) output.push(Buffer.from(piece));
        const whole = Buffer.from(pieces.join(''));
        if (whole.length <= limit) {
          expect([output.text(), output.truncated()]).toEqual([whole.toString(), false]);
          return;
        }
        const [, head = '', left = '', tail = ''] =
          /^([^]*)\n\[… (\d+) bytes left out …\]\n([^]*)$/.exec(output.text()) ?? [];
        expect(output.truncated()).toBe(true);
        expect(Number(left)).toBe(whole.length - limit);
        expect(whole.toString().startsWith(head)).toBe(true);
        expect(whole.toString().endsWith(tail)).toBe(true);
      },
    ),
  );
});

import fc from 'fast-check';
import { readJsonLines } from '../../../src/kube/json-lines';

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const body = (async function* () {
    for (const chunk of chunks) {
      await Promise.resolve();
      yield chunk;
    }
  })();
  const values: unknown[] = [];
  for await (const value of readJsonLines('watch', body)) values.push(value);
  return values;
}

test('values come out as they went in, wherever the chunks are cut, also within a character', async () => {
  const values = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(values, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), async (sent, sizes) => {
      const text = sent.map((value) => `${JSON.stringify(value)}\n`).join('');
      let bytes: Uint8Array = new TextEncoder().encode(text);
      const chunks: Uint8Array[] = [];
      while (bytes.length > 0) {
        const size = Number(sizes.next().value);
        chunks.push(bytes.subarray(0, size));
        bytes = bytes.subarray(size);
      }
      expect(JSON.stringify(await read(chunks))).toBe(JSON.stringify(sent));
    }),
  );
}, 60_000);

test('empty lines say nothing', async () => {
  expect(await read([Buffer.from('\n{"a":1}\n\n')])).toEqual([{ a: 1 }]);
});

test.each([
  ['a line that is cut off at the end', '{"a":1}\n{"b":'],
  ['a line that is no JSON', '<html>\n'],
])('%s is an error', async (_name, text) => {
  await expect(read([Buffer.from(text)])).rejects.toMatchObject({ reason: 'UnexpectedAnswer' });
});

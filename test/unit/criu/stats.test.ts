import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseRestoreStats } from '../../../src/criu/stats';

const file = readFileSync(join(__dirname, '../../fixtures/criu/stats-restore'));

test('the statistics of a real restore are read', () => {
  expect(parseRestoreStats(file)).toEqual({ restoreMs: 148.731, pagesRestored: 787 });
});

test.each([
  ['an empty file', Buffer.alloc(0)],
  ['a file that ends in the middle', file.subarray(0, -4)],
  ['the statistics of a dump', Buffer.concat([file.subarray(0, 12), Buffer.from([0x0a, 2, 0x08, 1])])],
])('%s has none', (_, bytes) => {
  expect(parseRestoreStats(bytes)).toBeUndefined();
});

test('no bytes make it fail', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const stats = parseRestoreStats(bytes);
      return stats === undefined || stats.restoreMs >= 0;
    }),
  );
});

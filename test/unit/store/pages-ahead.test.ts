/** Digests of page images that are taken while something writes them. */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { digestBytes } from '../../../src/store/digest-form';
import { digestWorkers } from '../../../src/store/digest-workers';
import { publishManifest, verifyCheckpoint } from '../../../src/store/manifest';
import { PagesAhead } from '../../../src/store/pages-ahead';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { poll } from '../../lib/waiting';

// Threads begin, on a machine that may be busy.
jest.setTimeout(60_000);

const temporary = useTemporaryDirectory();
const MIB = 1024 * 1024;
const PAGES = 'images/pages-1.img';
const meta = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: 'uid-1', attempt: 1 };
const pages = Buffer.alloc(41 * MIB + 12_345);
for (let at = 0; at < pages.length - 4; at += 4096) pages.writeUInt32LE(at, at);

let ahead: PagesAhead;
let dumped: AbortController;
const at = (path: string): string => join(temporary(), path);
const taken = (path = PAGES): number => (ahead.pieces.get(path)?.digests.length ?? 0) / 32;
const write = (from: number, to: number): void => {
  appendFileSync(at(PAGES), pages.subarray(from, to));
};

beforeEach(() => {
  mkdirSync(at('images'));
  ahead = new PagesAhead();
  dumped = new AbortController();
});

afterAll(() => digestWorkers.close());

/** Follows what `dump` writes, until that has ended. */
async function following(dump: () => Promise<void>): Promise<void> {
  const follow = ahead.follow(temporary(), { clock: systemClock, signal: dumped.signal }).catch(() => undefined);
  await dump();
  dumped.abort();
  await follow;
}

/** Publishes, and tells how many bytes were read for it. */
async function publish(): Promise<{ digest: string; bytesRead: number }> {
  let bytesRead = 0;
  const onProgress = (bytes: number): void => {
    bytesRead = bytes;
  };
  const { digest } = await publishManifest(temporary(), meta, { pieces: ahead.pieces, onProgress });
  return { digest, bytesRead };
}

test('of a file that grows, what has been written is not read once more, and the digest is that of the whole', async () => {
  await following(async () => {
    write(0, 18 * MIB);
    await poll('the pieces that are there', () => taken() === 4);
    write(18 * MIB, 33 * MIB);
    await poll('those that came', () => taken() === 8);
    write(33 * MIB, pages.length);
  });
  const { digest, bytesRead } = await publish();
  expect(bytesRead).toBeLessThanOrEqual(pages.length - 32 * MIB);
  const manifest = await verifyCheckpoint(temporary(), digest);
  expect(manifest.files).toEqual([{ path: PAGES, sizeBytes: pages.length, digest: digestBytes(pages, 'sha256-4m') }]);
});

test('a file that took the place of the one that was read is read from its beginning', async () => {
  await following(async () => {
    write(0, 20 * MIB);
    await poll('the pieces that are there', () => taken() === 5);
  });
  // Not removed: the next file would get its number.
  renameSync(at(PAGES), at('.new-of-before'));
  writeFileSync(at(PAGES), pages.subarray(MIB));
  const { digest, bytesRead } = await publish();
  expect(bytesRead).toBe(pages.length - MIB);
  await verifyCheckpoint(temporary(), digest);
});

test('what was changed after it was read makes a checkpoint that is refused', async () => {
  await following(async () => {
    write(0, 20 * MIB);
    await poll('the pieces that are there', () => taken() === 5);
  });
  const changed = Buffer.from(pages.subarray(0, 20 * MIB));
  changed[7] = 1;
  writeFileSync(at(PAGES), changed);
  const { digest } = await publish();
  await expect(verifyCheckpoint(temporary(), digest, { visibleWithinMs: 0 })).rejects.toThrow(
    expect.objectContaining({ reason: 'CheckpointCorrupt' }) as Error,
  );
});

test('follows neither small files nor others, and ends with the dump although nothing came', async () => {
  await following(async () => {
    write(0, 15 * MIB);
    writeFileSync(at('images/core-1.img'), pages);
    await systemClock.sleep(100);
  });
  expect(ahead.pieces.size).toBe(0);
});

test('begins anew with every dump', async () => {
  await following(async () => {
    write(0, 20 * MIB);
    await poll('the pieces that are there', () => taken() === 5);
  });
  dumped = new AbortController();
  rmSync(at(PAGES));
  await following(() => Promise.resolve());
  expect(ahead.pieces.size).toBe(0);
});

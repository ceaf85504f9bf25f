/** A checkpoint with files that are large enough for their digests to be taken in pieces. */
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../src/store/digest';
import { digestBytes } from '../../../src/store/digest-form';
import { digestWorkers } from '../../../src/store/digest-workers';
import { publishManifest, readManifest, verifyCheckpoint } from '../../../src/store/manifest';
import type { Manifest } from '../../../src/store/manifest-format';
import { formatManifest } from '../../../src/store/manifest-format';
import { DAMAGES } from '../../lib/hostile-files';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

// Threads begin, on a machine that may be busy.
jest.setTimeout(60_000);

const temporary = useTemporaryDirectory();
const MIB = 1024 * 1024;
const PAGES = 'images/pages-1.img';
const meta = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: 'uid-1', attempt: 1 };
// Not a multiple of the pieces' size.
const pages = Buffer.alloc(17 * MIB + 12_345);
for (let at = 0; at < pages.length - 4; at += 4096) pages.writeUInt32LE(at, at);

let root: string;
const at = (path: string): string => join(root, path);
const corrupt = (text: string): Error =>
  expect.objectContaining({ reason: 'CheckpointCorrupt', message: expect.stringContaining(text) as string }) as Error;
const verify = (digest: string): Promise<Manifest> => verifyCheckpoint(root, digest, { visibleWithinMs: 0 });

beforeEach(() => {
  root = join(temporary(), 'checkpoint');
  mkdirSync(at('images'), { recursive: true });
  writeFileSync(at(PAGES), pages);
  writeFileSync(at('images/core-1.img'), 'core');
});

afterAll(() => digestWorkers.close());

test('is published with a digest of pieces for the large file alone, and verified', async () => {
  const { digest } = await publishManifest(root, meta);
  const manifest = await verify(digest);
  expect(manifest).toMatchObject({ version: 2, ...meta });
  expect(manifest.files).toEqual([
    { path: 'images/core-1.img', sizeBytes: 4, digest: digestOf('core') },
    { path: PAGES, sizeBytes: pages.length, digest: digestBytes(pages, 'sha256-4m') },
  ]);
});

test('one that an agent published before it was upgraded is verified', async () => {
  const files = [{ path: PAGES, sizeBytes: pages.length, digest: digestOf(pages) }];
  truncateSync(at('images/core-1.img'), 0);
  const text = formatManifest({
    ...{ version: 1, ...meta },
    files: [{ path: 'images/core-1.img', sizeBytes: 0, digest: digestOf('') }, ...files],
  });
  writeFileSync(at('manifest.json'), text);
  expect(await verify(digestOf(text))).toMatchObject({ version: 1 });
  const changed = Buffer.from(pages);
  changed[9 * MIB] = 1;
  writeFileSync(at(PAGES), changed);
  await expect(verify(digestOf(text))).rejects.toThrow(corrupt(PAGES));
});

test.each(DAMAGES)('$what: refused at once, by its name', async ({ to }) => {
  const { digest } = await publishManifest(root, meta);
  to(at(PAGES), join(temporary(), 'elsewhere'));
  await expect(verify(digest)).rejects.toThrow(corrupt(PAGES));
});

test('every piece counts', async () => {
  const { digest } = await publishManifest(root, meta);
  for (const index of [0, 4 * MIB - 1, 4 * MIB, 10 * MIB + 7, 16 * MIB, pages.length - 1]) {
    const changed = Buffer.from(pages);
    changed[index] = (changed[index] ?? 0) ^ 1;
    writeFileSync(at(PAGES), changed);
    await expect(verify(digest)).rejects.toThrow(corrupt('has the digest'));
  }
  writeFileSync(at(PAGES), pages);
  await verify(digest);
});

test('tells how far it is, and is given up in the middle', async () => {
  const { digest } = await publishManifest(root, meta);
  const seen: number[] = [];
  await verifyCheckpoint(root, digest, { onProgress: (bytes) => seen.push(bytes) });
  expect(seen.at(-1)).toBe(pages.length + 4);
  expect(seen.length).toBeGreaterThan(4);

  const giveUp = new AbortController();
  const onProgress = (): void => {
    giveUp.abort(new Error('too late'));
  };
  await expect(verifyCheckpoint(root, digest, { onProgress, signal: giveUp.signal })).rejects.toThrow('too late');
});

test('no manifest of a file that grows meanwhile', async () => {
  let grown = false;
  const publishing = publishManifest(root, meta, {
    onProgress: (bytes) => {
      if (grown || bytes < MIB) return;
      grown = true;
      appendFileSync(at(PAGES), 'x');
    },
  });
  await expect(publishing).rejects.toThrow(corrupt('changes while its digest is taken'));
  expect(await readManifest(root)).toBeUndefined();
  expect(readFileSync(at('images/core-1.img'), 'utf8')).toBe('core');
});

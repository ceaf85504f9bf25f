/** Whoever can write to the volume changes a published checkpoint before the target looks at it. */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../src/runtime/clock';
import { systemClock } from '../../../src/runtime/clock';
import { digestOf } from '../../../src/store/digest';
import { listFiles } from '../../../src/store/file-set';
import { checkpointPaths } from '../../../src/store/layout';
import { publishManifest, readManifest, verifyCheckpoint } from '../../../src/store/manifest';
import { DAMAGES, flipBit, swapFiles } from '../../lib/hostile-files';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

// Hundreds of checkpoints are verified in one test, and manifests of 30 MB are parsed.
jest.setTimeout(60_000);

const temporary = useTemporaryDirectory();
const uid = '0f8b2c11-1111-4222-8333-444455556666';
const meta = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: uid, attempt: 1 };
const contents: Readonly<Record<string, string>> = {
  'container.json': '{"name":"web"}',
  'images/core-1.img': 'core of the first process',
  'images/core-2.img': 'core of the other process',
  'images/pages-1.img': 'p'.repeat(70_000),
  'rootfs.tar': 't'.repeat(10_240),
};
const files = Object.keys(contents);
/** Damage is seen at once: nothing is waited for while the container is frozen. */
const impatient: Clock = { ...systemClock, sleep: () => Promise.reject(new Error('nothing to wait for')) };

let root: string;
let directory: string;
let digest: string;
const at = (path: string): string => join(directory, path);
const corrupt = (text: string): Error =>
  expect.objectContaining({ reason: 'CheckpointCorrupt', message: expect.stringContaining(text) as string }) as Error;
const verify = (): Promise<unknown> => verifyCheckpoint(directory, digest, { clock: impatient, root, expected: meta });

beforeEach(async () => {
  root = join(temporary(), 'volume');
  ({ directory } = checkpointPaths(root, { namespace: 'team-a', name: 'move', uid, attempt: 1 }));
  mkdirSync(at('images'), { recursive: true });
  mkdirSync(at('work/node-a'), { recursive: true });
  for (const [path, content] of Object.entries(contents)) writeFileSync(at(path), content);
  ({ digest } = await publishManifest(directory, meta));
});

test('as it was published, it is verified', async () => {
  expect(await verify()).toMatchObject(meta);
});

describe.each([...files, 'manifest.json'])('%s', (path) => {
  test.each(DAMAGES)('$what: refused at once, by its name', async ({ to }) => {
    to(at(path), join(temporary(), 'elsewhere'));
    await expect(verify()).rejects.toThrow(corrupt(path));
  });
});

test('a size that is wrong is seen before any large file is read', async () => {
  truncateSync(at('rootfs.tar'), 3);
  const seen: number[] = [];
  const verifying = verifyCheckpoint(directory, digest, { root, onProgress: (bytes) => seen.push(bytes) });
  await expect(verifying).rejects.toThrow(corrupt('3 bytes instead of 10240'));
  expect(seen).toEqual([]);
});

test.each([
  ['images/core-1.img', 'images/core-2.img'],
  ['container.json', 'rootfs.tar'],
  ['manifest.json', 'container.json'],
])('%s and %s swapped: refused', async (first, second) => {
  swapFiles(at(first), at(second));
  await expect(verify()).rejects.toThrow(corrupt(''));
});

const addFile = (path: string) => (): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), '');
};
const addDirectory = (): void => {
  mkdirSync(at('images/more'));
};
const addSymlink = (): void => {
  symlinkSync('/etc', at('images/parent'));
};

test.each<[string, string, () => void]>([
  ['a file', 'images/core-3.img', addFile('images/core-3.img')],
  ['a file at the top', 'evil', addFile('evil')],
  ['a file in a directory of its own', 'images/more', addFile('images/more/x')],
  ['an empty directory', 'images/more', addDirectory],
  ['a symlink', 'images/parent', addSymlink],
  ['a FIFO', 'images/fifo', () => execFileSync('mkfifo', [at('images/fifo')])],
])('%s too many: refused', async (_what, name, add) => {
  add();
  await expect(verify()).rejects.toThrow(corrupt(name));
});

test('a file in the place of a directory: refused at once', async () => {
  rmSync(at('images'), { recursive: true });
  writeFileSync(at('images'), 'x');
  await expect(verify()).rejects.toThrow(corrupt('images'));
});

test('no more files are listed than a checkpoint may have', async () => {
  expect(await listFiles(directory, files.length + 1)).toEqual({ files, directories: ['images'] });
  await expect(listFiles(directory, files.length)).rejects.toThrow(corrupt('more than 5 files'));
});

test.each([
  ['the directory of the images', 'images'],
  ['the checkpoint', '.'],
  ['the directory of the migration', '..'],
  ['the directory of the namespace', '../..'],
])('%s lies elsewhere and a symlink leads there: refused, although every byte is right', async (_what, path) => {
  const moved = join(temporary(), 'moved');
  renameSync(at(path), moved);
  symlinkSync(moved, at(path).replace(/\/$/, ''));
  await expect(verify()).rejects.toMatchObject({
    reason: path === 'images' ? 'CheckpointCorrupt' : 'PathNotConfined',
  });
});

test('the checkpoint of another migration in this one’s place is refused', async () => {
  const other = checkpointPaths(root, { namespace: 'team-a', name: 'move', uid, attempt: 2 }).directory;
  cpSync(directory, other, { recursive: true });
  await publishManifest(other, { ...meta, attempt: 2 });
  rmSync(directory, { recursive: true });
  renameSync(other, directory);
  await expect(verify()).rejects.toThrow(corrupt('manifest.json'));
});

test.each([
  ['migrationUID', { ...meta, migrationUID: 'another' }],
  ['containerID', { ...meta, containerID: 'd'.repeat(64) }],
  ['attempt', { ...meta, attempt: 2 }],
  ['driver', { ...meta, driver: 'docker' }],
])('a manifest with another %s is refused, even when the object vouches for it', async (field, lie) => {
  ({ digest } = await publishManifest(directory, lie));
  await expect(verify()).rejects.toThrow(corrupt(field));
});

test('whatever is done to the bytes of whichever file, it is never verified', async () => {
  const bit = fc.tuple(fc.constant('flip'), fc.nat());
  const cut = fc.tuple(fc.constant('cut'), fc.nat());
  const replaced = fc.tuple(fc.constant('replace'), fc.string());
  const pristine = join(temporary(), 'pristine');
  cpSync(directory, pristine, { recursive: true });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files, 'manifest.json'), fc.oneof(bit, cut, replaced), async (name, change) => {
      const path = at(name);
      const before = readFileSync(path);
      if (change[0] === 'flip') flipBit(path, change[1] % (before.length * 8));
      if (change[0] === 'cut') truncateSync(path, change[1] % before.length);
      if (change[0] === 'replace') writeFileSync(path, change[1]);
      fc.pre(!readFileSync(path).equals(before));
      await expect(verify()).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
      writeFileSync(path, before);
    }),
    { numRuns: 200 },
  );
  expect(await verify()).toMatchObject(meta);
});

describe('a manifest that lies, with the digest that the object names', () => {
  const entry = (path: string): object => ({ path, sizeBytes: 1, digest: digestOf('x') });
  const publishLie = (change: (manifest: { files: object[] }) => unknown): void => {
    const text = JSON.stringify(change(JSON.parse(readFileSync(at('manifest.json'), 'utf8')) as { files: object[] }));
    writeFileSync(at('manifest.json'), text);
    digest = digestOf(text);
  };

  test.each([
    ['leads out', '../../../../etc/passwd'],
    ['leads out in its middle', 'images/../../x'],
    ['is absolute', '/etc/passwd'],
    ['goes around', 'images/../container.json'],
    ['has a dot', './container.json'],
    ['has two slashes', 'images//core-1.img'],
    ['ends with a slash', 'images/'],
    ['holds NUL', 'images/core-1.img\0.txt'],
    ['holds a line break', 'images/a\nb'],
    ['is too long', `images/${'a'.repeat(1100)}`],
    ['is empty', ''],
    ['is no text', 7],
    ['is the manifest', 'manifest.json'],
    ['is a log', 'work/node-a/dump.log'],
    ['is unfinished', '.new-x'],
    ['is there twice', 'images/core-1.img'],
    ['lies below a file', 'images/core-1.img/x'],
  ])('a path that %s', async (_what, path) => {
    publishLie((manifest) => ({ ...manifest, files: [...manifest.files, entry(path as string)] }));
    await expect(verify()).rejects.toThrow(corrupt('manifest.json'));
  });

  test.each<[string, (manifest: { files: object[] }) => unknown]>([
    [
      'a size that is too large',
      ({ files: [first], ...rest }) => ({ ...rest, files: [{ ...first, sizeBytes: 2 ** 60 }] }),
    ],
    ['a negative size', ({ files: [first], ...rest }) => ({ ...rest, files: [{ ...first, sizeBytes: -1 }] })],
    ['half a byte', ({ files: [first], ...rest }) => ({ ...rest, files: [{ ...first, sizeBytes: 0.5 }] })],
    ['another kind of digest', ({ files: [first], ...rest }) => ({ ...rest, files: [{ ...first, digest: 'md5:0' }] })],
    ['no files', (manifest) => ({ ...manifest, files: [] })],
    ['files that are none', (manifest) => ({ ...manifest, files: {} })],
    ['one field too many', (manifest) => ({ ...manifest, run: 'rm -rf /' })],
    ['another version', (manifest) => ({ ...manifest, version: 3 })],
    ['a container ID with a path in it', (manifest) => ({ ...manifest, containerID: '../../etc' })],
    ['an array', (manifest) => [manifest]],
    ['nothing', () => null],
  ])('%s', async (_what, lie) => {
    publishLie(lie);
    await expect(verify()).rejects.toThrow(corrupt('manifest.json'));
  });

  test.each([
    ['endless nesting', '['.repeat(20_000_000)],
    ['ten million empty objects', `{"files":[${'{},'.repeat(10_000_000)}{}]}`],
    ['a quarter of a million files', `{"files":[${`${JSON.stringify(entry('a'))},`.repeat(250_000)}{}]}`],
    ['a prototype', '{"__proto__":{"version":1},"files":[]}'],
    ['no JSON', '\0'],
    ['bytes that are no text', '\ud800'],
  ])('%s', async (_what, text) => {
    writeFileSync(at('manifest.json'), text);
    digest = digestOf(readFileSync(at('manifest.json')));
    await expect(verify()).rejects.toThrow(corrupt('manifest.json'));
  });

  test('what would take too much memory is counted before it is parsed', async () => {
    writeFileSync(at('manifest.json'), `[${'{},'.repeat(500_000)}{}]`);
    await expect(readManifest(directory)).rejects.toThrow(corrupt('lists more than 100000 files'));
  });

  test('eight terabytes of it are not read', async () => {
    truncateSync(at('manifest.json'), 2 ** 43);
    await expect(verify()).rejects.toThrow(corrupt('manifest.json'));
    await expect(readManifest(directory, { root })).rejects.toThrow(corrupt('larger than'));
  });

  test('any JSON is refused by its own reason', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        writeFileSync(at('manifest.json'), text);
        digest = digestOf(text);
        await expect(verify()).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
      }),
    );
  });
});

test('the progress of a verification is told, up to the last byte', async () => {
  const seen: number[] = [];
  await verifyCheckpoint(directory, digest, { root, onProgress: (bytes) => seen.push(bytes) });
  expect(seen).toEqual(seen.toSorted((left, right) => left - right));
  expect(seen.at(-1)).toBe(Object.values(contents).join('').length);
});

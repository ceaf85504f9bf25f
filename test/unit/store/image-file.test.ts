import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import { Pace } from '../../../src/runtime/pace';
import type { FileDigest } from '../../../src/store/digest';
import { digestOf } from '../../../src/store/digest';
import { saveImageFile, withImageFile } from '../../../src/store/image-file';
import { publishManifest } from '../../../src/store/manifest';
import { FakeClock } from '../../lib/fake-clock';
import { flipBit } from '../../lib/hostile-files';
import { archiveOf } from '../../lib/hostile-archive';
import { changed, savedImage } from '../../lib/image-archive';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
// More than two pieces of a MiB.
const image = savedImage('x'.repeat(2_500_000));
const at = (...names: string[]): string => join(root(), 'default/move/1', ...names);
const limit = (): { imageID: string; signal: AbortSignal } => {
  return { imageID: image.id, signal: new AbortController().signal };
};

beforeEach(() => {
  mkdirSync(at(), { recursive: true });
});

async function* inPieces(bytes: Buffer, end?: () => void): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 100_000) {
    yield Promise.resolve(bytes.subarray(start, start + 100_000));
  }
  end?.();
}

const save = (content = inPieces(image.archive)): Promise<FileDigest> =>
  saveImageFile(at('image.tar'), content, limit());

async function read(expected: FileDigest, during = (): void => undefined): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const options = { ...limit(), root: root(), visibleWithinMs: 0 };
  await withImageFile(at('image.tar'), expected, options, async (content) => {
    during();
    for await (const piece of content) pieces.push(piece);
  });
  return Buffer.concat(pieces);
}

describe('an image that is saved', () => {
  test('takes the time that the limit of the node gives it', async () => {
    const clock = new FakeClock();
    let saved: FileDigest | undefined;
    void saveImageFile(at('image.tar'), inPieces(image.archive), { ...limit(), pace: new Pace(clock, 100_000) }).then(
      (digest) => (saved = digest),
    );
    const pass = async (ms: number): Promise<void> => {
      for (let passedMs = 0; passedMs < ms; passedMs += 1_000) {
        await clock.advance(1_000);
        // The pieces are written to a real file.
        await systemClock.sleep(5);
      }
    };
    const wholeMs = image.archive.length / 100;
    await pass(wholeMs - 2_000);
    expect(saved).toBeUndefined();
    await pass(6_000);
    await systemClock.sleep(100);
    expect(saved).toEqual({ digest: digestOf(image.archive), sizeBytes: image.archive.length });
  });

  test('lies there as it came, for nobody else to read, and is known by its digest', async () => {
    const told: number[] = [];
    const saved = await saveImageFile(at('image.tar'), inPieces(image.archive), {
      ...limit(),
      onBytes: (total) => told.push(total),
    });
    expect(saved).toEqual({ digest: digestOf(image.archive), sizeBytes: image.archive.length });
    expect(readFileSync(at('image.tar')).equals(image.archive)).toBe(true);
    expect(statSync(at('image.tar')).mode & 0o777).toBe(0o600);
    expect(told.at(-1)).toBe(image.archive.length);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test('is no part of the checkpoint that is published beside it', async () => {
    await save();
    writeFileSync(at('container.json'), '{}');
    const meta = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: 'u', attempt: 1 };
    const published = await publishManifest(at(), { ...meta, migrationUID: '0f8b2c11-1111-4222-8333-444455556666' });
    expect(published).toMatchObject({ files: 1, sizeBytes: 2 });
  });

  test.each<[string, () => Promise<FileDigest>, string]>([
    ['is cut off', () => save(inPieces(image.archive.subarray(0, 1_000_000))), 'ImageNotSaved'],
    ['is another image', () => save(inPieces(savedImage('other').archive)), 'ImageNotSaved'],
    [
      'breaks off',
      () =>
        save(
          inPieces(image.archive, () => {
            throw new ReasonedError('EngineUnreachable', 'for the test');
          }),
        ),
      'EngineUnreachable',
    ],
  ])('leaves nothing behind when what comes %s', async (_what, attempt, reason) => {
    await expect(attempt()).rejects.toMatchObject({ reason });
    expect(readdirSync(at())).toEqual([]);
  });

  test('is ended by its signal', async () => {
    const given = new AbortController();
    const content = inPieces(image.archive, () => {
      given.abort(new ReasonedError('NoLongerWanted', 'for the test'));
    });
    const saving = saveImageFile(at('image.tar'), content, { imageID: image.id, signal: given.signal });
    await expect(saving).rejects.toMatchObject({ reason: 'NoLongerWanted' });
    expect(readdirSync(at())).toEqual([]);
  });

  test('takes away what a save that was killed has left, and nothing else', async () => {
    writeFileSync(at('.new-image.tar-0123456789ab'), 'half an image');
    writeFileSync(at('.new-rootfs.tar-0123456789ab'), 'of another');
    await save();
    expect(readdirSync(at()).sort()).toEqual(['.new-rootfs.tar-0123456789ab', 'image.tar']);
  });
});

describe('an image that is read', () => {
  let saved: FileDigest;
  beforeEach(async () => {
    saved = await save();
  });

  test('is what was saved', async () => {
    expect((await read(saved)).equals(image.archive)).toBe(true);
  });

  const elsewhere = (): string => join(root(), 'elsewhere');
  test.each<[string, () => void]>([
    [
      'changed in a bit',
      () => {
        flipBit(at('image.tar'), 1_500_000);
      },
    ],
    [
      'longer',
      () => {
        writeFileSync(at('image.tar'), 'more', { flag: 'a' });
      },
    ],
    [
      'empty',
      () => {
        writeFileSync(at('image.tar'), '');
      },
    ],
    [
      'a symlink',
      () => {
        renameSync(at('image.tar'), elsewhere());
        symlinkSync(elsewhere(), at('image.tar'));
      },
    ],
    [
      'a hard link',
      () => {
        linkSync(at('image.tar'), elsewhere());
      },
    ],
    [
      'a directory',
      () => {
        renameSync(at('image.tar'), elsewhere());
        mkdirSync(at('image.tar'));
      },
    ],
  ])('and is %s is refused before a byte of it is used', async (_what, damage) => {
    damage();
    let used = false;
    const reading = read(saved, () => {
      used = true;
    });
    await expect(reading).rejects.toMatchObject({ reason: 'ImageArchiveCorrupt' });
    expect(used).toBe(false);
  });

  test('and is not there is missing', async () => {
    renameSync(at('image.tar'), elsewhere());
    await expect(read(saved)).rejects.toMatchObject({ reason: 'ImageArchiveMissing' });
  });

  test('below a symlink is refused', async () => {
    renameSync(dirname(at()), elsewhere());
    symlinkSync(elsewhere(), dirname(at()));
    await expect(read(saved)).rejects.toMatchObject({ reason: 'PathNotConfined' });
  });

  test('and holds names is refused, although the object vouches for it', async () => {
    const config = `blobs/sha256/${image.id.slice(7)}`;
    const manifest = JSON.stringify([{ Config: config, RepoTags: ['postgres:16'], Layers: [] }]);
    const evil = archiveOf(changed(image.members, 'manifest.json', manifest));
    writeFileSync(at('image.tar'), evil);
    const expected = { digest: digestOf(evil), sizeBytes: evil.length };
    await expect(read(expected)).rejects.toMatchObject({ reason: 'ImageArchiveInvalid' });
  });

  test('and is changed after it was compared is not used any further', async () => {
    chmodSync(at('image.tar'), 0o600);
    const reading = read(saved, () => {
      flipBit(at('image.tar'), 1_500_000);
    });
    await expect(reading).rejects.toMatchObject({ reason: 'ImageArchiveCorrupt' });
    expect(existsSync(at('image.tar'))).toBe(true);
  });
});

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../src/runtime/clock';
import { systemClock } from '../../../src/runtime/clock';
import { digestOf } from '../../../src/store/digest';
import type { PublishedManifest } from '../../../src/store/manifest';
import { publishManifest, readManifest, verifyCheckpoint } from '../../../src/store/manifest';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const meta = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: 'uid-1', attempt: 1, criuVersion: '4.2.1' };
const files = { 'container.json': '{}', 'images/core-1.img': 'core', 'images/pages-1.img': 'p'.repeat(3_000_000) };
const AT_ONCE = { visibleWithinMs: 0 };
const reason = (name: string, text = ''): Error =>
  expect.objectContaining({ reason: name, message: expect.stringContaining(text) as string }) as Error;

const at = (path: string): string => join(root(), path);

beforeEach(() => {
  mkdirSync(at('images'));
  mkdirSync(at('work'));
  for (const [path, content] of Object.entries(files)) writeFileSync(at(path), content);
});

function publish(): Promise<PublishedManifest> {
  return publishManifest(root(), meta);
}

describe('publishing', () => {
  test('lists every file with its size and digest, and says how much it is', async () => {
    const published = await publish();
    const text = readFileSync(at('manifest.json'));
    expect(published).toEqual({ digest: digestOf(text), sizeBytes: 3_000_006, files: 3 });
    expect(JSON.parse(text.toString())).toEqual({
      version: 1,
      ...meta,
      files: Object.entries(files).map(([path, content]) => ({
        path,
        sizeBytes: content.length,
        digest: digestOf(content),
      })),
    });
  });

  test('takes the writable layer in, and leaves logs and unfinished files out', async () => {
    writeFileSync(at('rootfs.tar'), 'tar');
    writeFileSync(at('work/dump.log'), 'log');
    writeFileSync(at('.new-container.json-abc'), 'half');
    await publish();
    const { manifest } = (await readManifest(root())) ?? {};
    expect(manifest?.files.map(({ path }) => path)).toEqual([...Object.keys(files), 'rootfs.tar']);
  });

  test('the same checkpoint has the same digest, and can be published again', async () => {
    expect(await publish()).toEqual(await publish());
  });

  test.each([
    [
      'a symlink',
      () => {
        symlinkSync('/etc/passwd', at('images/parent'));
      },
    ],
    ['a FIFO', () => execFileSync('mkfifo', [at('images/parent')])],
  ])('%s among the images is refused, and there is no manifest', async (_what, make) => {
    make();
    await expect(publish()).rejects.toThrow(reason('CheckpointCorrupt', 'images/parent'));
    expect(await readManifest(root())).toBeUndefined();
  });

  test('a checkpoint without any file is refused', async () => {
    rmSync(at('images'), { recursive: true });
    rmSync(at('container.json'));
    await expect(publish()).rejects.toThrow(reason('CheckpointCorrupt'));
  });
});

describe('reading one’s own manifest', () => {
  test('nothing is published yet: undefined, also without the directory', async () => {
    expect(await readManifest(root())).toBeUndefined();
    expect(await readManifest(at('nowhere'))).toBeUndefined();
  });

  test('what was published is found again', async () => {
    const published = await publish();
    expect((await readManifest(root()))?.published).toEqual(published);
  });
});

describe('verifying', () => {
  test('a checkpoint that is as it was published', async () => {
    const { digest } = await publish();
    expect(await verifyCheckpoint(root(), digest, AT_ONCE)).toMatchObject(meta);
  });

  test('without a manifest there is no checkpoint', async () => {
    await expect(verifyCheckpoint(root(), digestOf(''), AT_ONCE)).rejects.toThrow(reason('CheckpointMissing'));
  });

  test.each<[string, string, () => void]>([
    [
      'a truncated image',
      'images/pages-1.img',
      () => {
        truncateSync(at('images/pages-1.img'), 2_000_000);
      },
    ],
    [
      'a longer image',
      'images/core-1.img',
      () => {
        appendFileSync(at('images/core-1.img'), 'x');
      },
    ],
    [
      'a changed byte',
      'images/core-1.img',
      () => {
        writeFileSync(at('images/core-1.img'), 'cord');
      },
    ],
    [
      'a missing image',
      'images/core-1.img',
      () => {
        rmSync(at('images/core-1.img'));
      },
    ],
    [
      'an added image',
      'images/core-2.img',
      () => {
        writeFileSync(at('images/core-2.img'), 'x');
      },
    ],
    [
      'an added writable layer',
      'rootfs.tar',
      () => {
        writeFileSync(at('rootfs.tar'), 'x');
      },
    ],
    [
      'an image that is a symlink now',
      'images/core-1.img',
      () => {
        renameSync(at('images/core-1.img'), at('work/core-1.img'));
        symlinkSync('../work/core-1.img', at('images/core-1.img'));
      },
    ],
    [
      'images that lie elsewhere',
      'images',
      () => {
        renameSync(at('images'), at('work/images'));
        symlinkSync('work/images', at('images'));
      },
    ],
    [
      'a FIFO instead of an image',
      'images/core-1.img',
      () => {
        rmSync(at('images/core-1.img'));
        execFileSync('mkfifo', [at('images/core-1.img')]);
      },
    ],
    [
      'a changed manifest',
      'manifest.json',
      () => {
        appendFileSync(at('manifest.json'), ' ');
      },
    ],
  ])('%s is found, and named', async (_what, name, damage) => {
    const { digest } = await publish();
    damage();
    await expect(verifyCheckpoint(root(), digest, AT_ONCE)).rejects.toThrow(reason('CheckpointCorrupt', name));
  });

  test.each([
    ['leads out of the directory', '../../etc/passwd'],
    ['is absolute', '/etc/passwd'],
    ['goes around', 'images/../container.json'],
    ['is a log', 'work/dump.log'],
    ['is the manifest itself', 'manifest.json'],
    ['is empty', ''],
  ])('a path in the manifest that %s is refused, even with the right digest', async (_what, path) => {
    await publish();
    const manifest = JSON.parse(readFileSync(at('manifest.json'), 'utf8')) as { files: object[] };
    const text = JSON.stringify({
      ...manifest,
      files: [...manifest.files, { path, sizeBytes: 1, digest: digestOf('x') }],
    });
    writeFileSync(at('manifest.json'), text);
    await expect(verifyCheckpoint(root(), digestOf(text), AT_ONCE)).rejects.toThrow(reason('CheckpointCorrupt'));
  });

  test.each([
    ['no JSON', () => '{'],
    ['another version', (text: string) => text.replace('"version": 1', '"version": 3')],
    ['a digest that its version does not have', (text: string) => text.replace('sha256:', 'sha256-4m:')],
    ['a digest of an unknown kind', (text: string) => text.replace('sha256:', 'sha256-1m:')],
    ['a file twice', (text: string) => text.replace('images/pages-1.img', 'images/core-1.img')],
    ['a size that is none', (text: string) => text.replace('"sizeBytes": 4', '"sizeBytes": -4')],
    ['more than it should hold', (text: string) => text.replace('"version": 1', '"version": 1, "run": "x"')],
  ])('a manifest with %s is refused, even with the right digest', async (_what, change) => {
    await publish();
    const text = change(readFileSync(at('manifest.json'), 'utf8'));
    writeFileSync(at('manifest.json'), text);
    await expect(verifyCheckpoint(root(), digestOf(text), AT_ONCE)).rejects.toThrow(reason('CheckpointCorrupt'));
  });
});

describe('a volume on which files come into sight late', () => {
  /** Real files, but time passes at once; `onSleep` is what happens meanwhile. */
  function clockWith(onSleep: (sleeps: number) => void): Clock & { elapsed: () => number } {
    let elapsedMs = 0;
    let sleeps = 0;
    return {
      ...systemClock,
      monotonic: () => elapsedMs,
      sleep: (ms) => {
        elapsedMs += ms;
        onSleep(++sleeps);
        return Promise.resolve();
      },
      elapsed: () => elapsedMs,
    };
  }

  test.each(['manifest.json', 'images/core-1.img', 'images'])('%s is waited for', async (late) => {
    const { digest } = await publish();
    renameSync(at(late), `${root()}-hidden`);
    const clock = clockWith((sleeps) => {
      if (sleeps === 12) renameSync(`${root()}-hidden`, at(late));
    });
    expect(await verifyCheckpoint(root(), digest, { clock })).toMatchObject(meta);
    expect(clock.elapsed()).toBeGreaterThan(5_000);
    expect(clock.elapsed()).toBeLessThan(90_000);
  });

  test.each([
    ['manifest.json', 'CheckpointMissing'],
    ['images/core-1.img', 'CheckpointCorrupt'],
  ])('%s is not waited for longer than 90 s', async (lost, expected) => {
    const { digest } = await publish();
    rmSync(at(lost));
    const clock = clockWith(() => undefined);
    await expect(verifyCheckpoint(root(), digest, { clock })).rejects.toThrow(reason(expected, lost));
    expect(clock.elapsed()).toBeGreaterThan(80_000);
    expect(clock.elapsed()).toBeLessThanOrEqual(90_000);
  });

  test('what is wrong is not waited for', async () => {
    const { digest } = await publish();
    truncateSync(at('images/core-1.img'), 1);
    const clock = clockWith(() => undefined);
    await expect(verifyCheckpoint(root(), digest, { clock })).rejects.toThrow(reason('CheckpointCorrupt'));
    expect(clock.elapsed()).toBe(0);
  });

  test('an abort ends the wait', async () => {
    const abort = new AbortController();
    const verifying = verifyCheckpoint(root(), digestOf(''), { signal: abort.signal });
    abort.abort(new Error('shutdown'));
    await expect(verifying).rejects.toThrow('shutdown');
  });
});

import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWrite, ensureDirectory, ensureVisible, removeDirectory } from '../../../src/store/files';
import { FakeClock } from '../../lib/fake-clock';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const mode = (path: string): number => statSync(path).mode & 0o777;
const reason = (name: string): Error => expect.objectContaining({ reason: name }) as Error;

describe('atomicWrite', () => {
  test('replaces the whole file, for its owner only, and leaves nothing else behind', async () => {
    const path = join(root(), 'a.json');
    await atomicWrite(path, 'a first content that is longer');
    await atomicWrite(path, 'second');
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(mode(path)).toBe(0o600);
    expect(readdirSync(root())).toEqual(['a.json']);
  });

  test('replaces a symlink instead of writing where it leads to', async () => {
    const elsewhere = join(root(), 'elsewhere');
    writeFileSync(elsewhere, 'untouched');
    symlinkSync(elsewhere, join(root(), 'link'));
    await atomicWrite(join(root(), 'link'), 'new');
    expect(readFileSync(elsewhere, 'utf8')).toBe('untouched');
    expect(readFileSync(join(root(), 'link'), 'utf8')).toBe('new');
  });

  test('a failure leaves no half file behind', async () => {
    mkdirSync(join(root(), 'taken', 'by'), { recursive: true });
    await expect(atomicWrite(join(root(), 'taken'), 'x')).rejects.toThrow(reason('VolumeFailed'));
    await expect(atomicWrite(join(root(), 'no', 'directory'), 'x')).rejects.toThrow(reason('VolumeMissing'));
    expect(readdirSync(root())).toEqual(['taken']);
  });
});

describe('ensureDirectory', () => {
  test('makes the whole way, private, and can be repeated', async () => {
    const path = join(root(), 'ns', 'name', '1');
    await ensureDirectory(root(), path);
    await ensureDirectory(root(), path);
    expect([join(root(), 'ns'), join(root(), 'ns', 'name'), path].map(mode)).toEqual([0o700, 0o700, 0o700]);
  });

  test('does not follow a symlink that somebody put in the way', async () => {
    mkdirSync(join(root(), 'volume'));
    mkdirSync(join(root(), 'elsewhere'));
    symlinkSync(join(root(), 'elsewhere'), join(root(), 'volume', 'ns'));
    const path = join(root(), 'volume', 'ns', 'name');
    await expect(ensureDirectory(join(root(), 'volume'), path)).rejects.toThrow(reason('PathNotConfined'));
    expect(readdirSync(join(root(), 'elsewhere'))).toEqual([]);
  });

  test('a root that does not exist is not made: the volume is not mounted', async () => {
    await expect(ensureDirectory(join(root(), 'none'), join(root(), 'none', 'a'))).rejects.toThrow(
      reason('VolumeMissing'),
    );
    expect(existsSync(join(root(), 'none'))).toBe(false);
  });

  test.each([['..'], ['../sibling'], ['a/../..'], ['']])('refuses %j, which is not below the root', async (path) => {
    await expect(ensureDirectory(root(), join(root(), path))).rejects.toThrow(reason('PathNotConfined'));
  });
});

describe('removeDirectory', () => {
  test('removes everything, the directories above that become empty, and can be repeated', async () => {
    const path = join(root(), 'ns', 'name', '1');
    mkdirSync(join(path, 'images'), { recursive: true });
    writeFileSync(join(path, 'images', 'x.img'), 'x');
    await removeDirectory(root(), path);
    await removeDirectory(root(), path);
    expect(readdirSync(root())).toEqual([]);
  });

  test('leaves what others have beside it', async () => {
    mkdirSync(join(root(), 'ns', 'mine'), { recursive: true });
    mkdirSync(join(root(), 'ns', 'theirs'), { recursive: true });
    await removeDirectory(root(), join(root(), 'ns', 'mine'));
    expect(readdirSync(join(root(), 'ns'))).toEqual(['theirs']);
  });

  test('removes symlinks in it, not what they lead to', async () => {
    mkdirSync(join(root(), 'volume', 'ns'), { recursive: true });
    mkdirSync(join(root(), 'elsewhere'));
    writeFileSync(join(root(), 'elsewhere', 'precious'), 'x');
    symlinkSync(join(root(), 'elsewhere'), join(root(), 'volume', 'ns', 'link'));
    await removeDirectory(join(root(), 'volume'), join(root(), 'volume', 'ns'));
    expect(readdirSync(join(root(), 'elsewhere'))).toEqual(['precious']);
    expect(readdirSync(join(root(), 'volume'))).toEqual([]);
  });

  test('does not go through a symlink, and not out of the root', async () => {
    mkdirSync(join(root(), 'volume'));
    mkdirSync(join(root(), 'elsewhere', 'name'), { recursive: true });
    symlinkSync(join(root(), 'elsewhere'), join(root(), 'volume', 'ns'));
    const volume = join(root(), 'volume');
    await expect(removeDirectory(volume, join(volume, 'ns', 'name'))).rejects.toThrow(reason('PathNotConfined'));
    await expect(removeDirectory(volume, join(volume, '..', 'elsewhere'))).rejects.toThrow(reason('PathNotConfined'));
    await expect(removeDirectory(volume, volume)).rejects.toThrow(reason('PathNotConfined'));
    expect(readdirSync(join(root(), 'elsewhere'))).toEqual(['name']);
  });
});

describe('ensureVisible', () => {
  test('waits for a file whose directory comes later, too', async () => {
    const clock = new FakeClock();
    let seen = false;
    const waiting = ensureVisible(join(root(), 'later', 'file'), clock).then(() => (seen = true));
    await advanceUntil(clock, 10, () => false);
    expect(seen).toBe(false);
    mkdirSync(join(root(), 'later'));
    writeFileSync(join(root(), 'later', 'file'), 'x');
    await advanceUntil(clock, 100, () => seen);
    await waiting;
    expect(clock.monotonic()).toBeLessThan(90_000);
  });

  test('gives up when the time is over, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const sleptUntil: number[] = [];
    const sleep = jest.spyOn(clock, 'sleep');
    sleep.mockImplementation((ms, signal) => {
      sleptUntil.push(clock.monotonic() + ms);
      return FakeClock.prototype.sleep.call(clock, ms, signal);
    });
    let ended = false;
    const waiting = ensureVisible(join(root(), 'never'), clock, 5_000).then(() => (ended = true));
    await advanceUntil(clock, 200, () => ended);
    await waiting;
    // Not what the clock says at the end: it goes on while the directory is listed for the last time.
    expect(Math.max(...sleptUntil)).toBeGreaterThan(2_500);
    expect(Math.max(...sleptUntil)).toBeLessThanOrEqual(5_000);
    expect(clock.pendingSleeps).toBe(0);
  });
});

/** Lets time pass in steps of 100 ms, with real time for the file system in between. */
async function advanceUntil(clock: FakeClock, steps: number, done: () => boolean): Promise<void> {
  for (let step = 0; step < steps && !done(); step++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await clock.advance(100);
  }
}

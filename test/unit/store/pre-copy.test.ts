/** What is copied while the container runs, and then the difference: together exactly what there was at the freeze. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Clock } from '../../../src/runtime/clock';
import { systemClock } from '../../../src/runtime/clock';
import type { CommandRunner } from '../../../src/runtime/exec';
import { createCommandRunner } from '../../../src/runtime/exec';
import { readBaseIndex, saveBase, unpackBase } from '../../../src/store/base';
import { applyDifference, saveDifference } from '../../../src/store/difference';
import { readMembers } from '../../../src/store/tar-members';
import { archiveOf } from '../../lib/hostile-archive';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { setXattr, snapshot } from '../../lib/tree-snapshot';

const directory = useTemporaryDirectory();
const at = (...names: string[]): string => join(directory(), ...names);
const real = createCommandRunner(systemClock);
/** Whatever the tests' own directory lies on. */
const run: CommandRunner = {
  run: (file, args, options) =>
    file === 'stat'
      ? Promise.resolve({ exitCode: 0, signal: null, stdout: 'xfs\n', stderr: '', durationMs: 1 })
      : real.run(file, args, options),
};
/** A minute ahead: nothing counts as changed just before the base. */
const later: Clock = Object.assign(Object.create(systemClock) as Clock, { now: () => systemClock.now() + 60_000 });
const ARCHIVE = 'rootfs.tar';
const META = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: 'uid', attempt: 1 };
const TOLD = { reason: 'WritableLayerNotSaved', message: 'for the test' };
const timeoutMs = 20_000;
const signal = new AbortController().signal;
const place = (): { root: string; base: string } => ({ root: at(), base: at('checkpoint', 'base') });
const tree = (name: string): { archive: string; directory: string } => ({ archive: ARCHIVE, directory: at(name) });

beforeEach(() => {
  for (const name of ['source', 'target', 'checkpoint']) mkdirSync(at(name), { mode: 0o755 });
  // Large enough to be worth it, and takes no room.
  writeFileSync(at('source', 'large'), '');
  truncateSync(at('source', 'large'), 8 * 1024 * 1024);
});

/** As the source does it in Prepare. */
async function copy(clock: Clock = later): Promise<string> {
  const saved = await saveBase(run, place(), [tree('source')], META, { clock, timeoutMs, signal });
  if (saved === undefined) throw new Error('there is no base');
  return saved.digest;
}

/** As the target does it in Prepare. */
const unpack = (digest: string): Promise<void> =>
  unpackBase(run, place(), digest, [tree('target')], { clock: systemClock, timeoutMs, signal, expected: META });

/** As the source does it in the freeze. */
async function differ(digest: string): Promise<boolean> {
  const index = await readBaseIndex(place(), digest, ARCHIVE);
  if (index === undefined) throw new Error('there is no index');
  const options = { ...TOLD, clock: systemClock, timeoutMs, scratch: at('checkpoint') };
  return saveDifference(run, at('checkpoint'), tree('source'), index, options);
}

/** As the target does it after the claim. */
const apply = (): Promise<void> =>
  applyDifference(run, at('checkpoint'), tree('target'), { ...TOLD, clock: systemClock, timeoutMs });

const packed = async (): Promise<string[]> => (await readMembers(at('checkpoint', ARCHIVE))).map(({ path }) => path);
const gone = (): string[] => readFileSync(at('checkpoint', 'rootfs.gone'), 'utf8').split('\0').slice(0, -1);
const whiteout = (...names: string[]): void => {
  execFileSync('mknod', [at('source', ...names), 'c', '0', '0']);
};
const source = (...names: string[]): string => at('source', ...names);
const write = (path: string, content = path): void => {
  writeFileSync(source(path), content);
};

function someFiles(): void {
  for (const name of ['a', 'a/b', 'c', 'opaque', 'empty']) mkdirSync(source(name));
  for (const name of ['a/one', 'a/b/two', 'c/three', 'c/four', 'opaque/five', 'six']) write(name);
  linkSync(source('c/three'), source('a/linked'));
  symlinkSync('/etc/shadow', source('a/absolute'));
  symlinkSync('../c', source('a/relative'));
  setXattr(source(), 'opaque', 'trusted.overlay.opaque', '79');
  setXattr(source(), 'c/four', 'security.capability', '0100000200200000000000000000000000000000');
  whiteout('deleted');
  execFileSync('mkfifo', [source('fifo')]);
}

const ACL = '0200000001000700ffffffff02000500e803000004000500ffffffff10000500ffffffff20000500ffffffff';
const KEPT = new Date('2020-02-02T02:02:02.123Z');

const CHANGES: readonly { readonly what: string; readonly change: () => void }[] = [
  { what: 'nothing', change: () => undefined },
  { what: 'a new file, and a new directory', change: () => (write('new'), mkdirSync(source('d')), write('d/new')) },
  { what: 'a file is overwritten in its place', change: () => write('six', 'SIX') },
  {
    what: 'a file is overwritten, with the size and the time that it had',
    change: () => {
      utimesSync(source('six'), KEPT, KEPT);
      write('six', 'SIX');
      utimesSync(source('six'), KEPT, KEPT);
    },
  },
  {
    what: 'a file is replaced by renaming another one',
    change: () => (write('tmp', 'x'), renameSync(source('tmp'), source('six'))),
  },
  { what: 'a file is deleted', change: () => rmSync(source('a/one')) },
  { what: 'a directory is deleted', change: () => rmSync(source('a'), { recursive: true }) },
  { what: 'a directory is renamed', change: () => renameSync(source('a'), source('z')) },
  {
    what: 'two directories change names',
    change: () => {
      renameSync(source('a'), source('x'));
      renameSync(source('c'), source('a'));
      renameSync(source('x'), source('c'));
    },
  },
  {
    what: 'a file becomes a directory',
    change: () => (rmSync(source('six')), mkdirSync(source('six')), write('six/in')),
  },
  { what: 'a directory becomes a file', change: () => (rmSync(source('a'), { recursive: true }), write('a')) },
  { what: 'a directory becomes a whiteout', change: () => (rmSync(source('a'), { recursive: true }), whiteout('a')) },
  { what: 'a file becomes a whiteout', change: () => (rmSync(source('six')), whiteout('six')) },
  {
    what: 'a whiteout becomes a directory',
    change: () => (rmSync(source('deleted')), mkdirSync(source('deleted')), write('deleted/x')),
  },
  {
    what: 'a directory becomes a symlink out of the tree',
    change: () => (rmSync(source('a'), { recursive: true }), symlinkSync('/etc', source('a'))),
  },
  {
    what: 'a symlink becomes a directory',
    change: () => (rmSync(source('a/absolute')), mkdirSync(source('a/absolute')), write('a/absolute/x')),
  },
  {
    what: 'a symlink leads elsewhere',
    change: () => (rmSync(source('a/relative')), symlinkSync('b', source('a/relative'))),
  },
  { what: 'a directory becomes opaque', change: () => setXattr(source(), 'a', 'trusted.overlay.opaque', '79') },
  {
    what: 'a file gets a capability, a directory an access list',
    change: () => (
      setXattr(source(), 'six', 'security.capability', '0100000200200000000000000000000000000000'),
      setXattr(source(), 'a', 'system.posix_acl_access', ACL),
      setXattr(source(), 'a', 'system.posix_acl_default', ACL)
    ),
  },
  { what: 'a file loses its capability', change: () => setXattr(source(), 'c/four', 'security.capability') },
  {
    what: 'modes and owners',
    change: () => (
      chmodSync(source('six'), 0o6755),
      chmodSync(source('a'), 0o1700),
      chownSync(source('c'), 1000, 999),
      chmodSync(source(), 0o710)
    ),
  },
  { what: 'a hard link is added', change: () => linkSync(source('six'), source('a/six')) },
  { what: 'a hard link is taken away', change: () => rmSync(source('a/linked')) },
  {
    what: 'a hard link becomes a file of its own',
    change: () => (rmSync(source('a/linked')), write('a/linked', readFileSync(source('c/three'), 'utf8'))),
  },
  { what: 'a file with two names is written to', change: () => write('a/linked', 'both') },
  {
    what: 'a hole is punched, a file grows',
    change: () => (
      truncateSync(source('six'), 0),
      truncateSync(source('six'), 4_000_000),
      truncateSync(source('large'), 9_000_000)
    ),
  },
  {
    what: 'names of any bytes',
    change: () => (
      writeFileSync(Buffer.concat([Buffer.from(`${source()}/`), Buffer.from([0xff, 0x0a, 0x5c])]), 'x'),
      write('-rf', 'x'),
      write(' é\t', 'x')
    ),
  },
  {
    what: 'the times of a directory and of a symlink',
    change: () => (utimesSync(source('a/b'), KEPT, KEPT), lutimesSync(source('a/relative'), KEPT, KEPT)),
  },
  {
    what: 'all is deleted',
    change: () => {
      for (const name of readdirSync(source())) rmSync(source(name), { recursive: true });
    },
  },
];

describe('exactly what there was at the freeze', () => {
  test.each(CHANGES)('$what', async ({ change }) => {
    someFiles();
    const digest = await copy();
    await unpack(digest);
    change();
    expect(await differ(digest)).toBe(true);
    await apply();
    expect(snapshot(at('target'))).toEqual(snapshot(source()));
    // As after an agent that was killed in its middle.
    await apply();
    expect(snapshot(at('target'))).toEqual(snapshot(source()));
  });
});

describe('what goes in the freeze', () => {
  test('is what has changed, and all directories', async () => {
    someFiles();
    const digest = await copy();
    write('a/one', 'changed');
    rmSync(source('a/b'), { recursive: true });
    linkSync(source('c/four'), source('five'));
    await differ(digest);
    expect((await packed()).toSorted()).toEqual(['', 'a', 'a/one', 'c', 'c/four', 'empty', 'five', 'opaque']);
    expect(gone()).toEqual(['a/b/two', 'a/b']);
  });

  test('a file that was written to shortly before the base goes again: nobody knows whether the base has all of it', async () => {
    write('fresh');
    utimesSync(source('fresh'), KEPT, KEPT);
    const digest = await copy(systemClock);
    await differ(digest);
    expect(await packed()).toContain('fresh');
  });

  test('a large file needs longer to be out of doubt: it may have been in the middle of one write', async () => {
    write('small');
    truncateSync(source('large'), 400 * 1024 * 1024);
    const soon: Clock = Object.assign(Object.create(systemClock) as Clock, { now: () => systemClock.now() + 20_000 });
    const digest = await copy(soon);
    await differ(digest);
    expect(await packed()).toEqual(['', 'large']);
  });

  test('a directory that has lost an attribute cannot be told by a difference', async () => {
    someFiles();
    const digest = await copy();
    setXattr(source(), 'opaque', 'trusted.overlay.opaque');
    expect(await differ(digest)).toBe(false);
    expect(existsSync(at('checkpoint', ARCHIVE))).toBe(false);
  });
});

describe('the base', () => {
  test('is not made where it does not pay, and what an earlier try left goes', async () => {
    await copy();
    truncateSync(source('large'), 1000);
    const saved = await saveBase(run, place(), [tree('source')], META, { clock: later, timeoutMs, signal });
    expect(saved).toBeUndefined();
    expect(existsSync(at('checkpoint', 'base'))).toBe(false);
  });

  test('is not made on a file system that does not stamp every change', async () => {
    const tmpfs: CommandRunner = {
      run: async (file, args, options) => ({
        ...(await run.run(file, args, options)),
        ...(file === 'stat' ? { stdout: 'tmpfs\n' } : {}),
      }),
    };
    const saved = await saveBase(tmpfs, place(), [tree('source')], META, { clock: later, timeoutMs, signal });
    expect(saved).toBeUndefined();
  });

  test('until the difference is there nobody but root gets in', async () => {
    chmodSync(source(), 0o777);
    setXattr(source(), '', 'user.colour', '62');
    await unpack(await copy());
    expect(statSync(at('target')).mode & 0o777).toBe(0o700);
    expect(snapshot(at('target'))[0]).not.toContain('user.colour');
  });

  test('a file that vanishes or changes while it is read is no failure, and goes in the freeze', async () => {
    someFiles();
    const racing: CommandRunner = {
      run: (file, args, options) => {
        if (args.includes('--create')) {
          rmSync(source('a/one'));
          renameSync(source('c'), source('moved'));
          write('six', 'between listing and reading');
        }
        return run.run(file, args, options);
      },
    };
    const saved = await saveBase(racing, place(), [tree('source')], META, { clock: later, timeoutMs, signal });
    await unpack(saved?.digest ?? '');
    write('a/one', 'back');
    renameSync(source('moved'), source('c'));
    await differ(saved?.digest ?? '');
    await apply();
    expect(snapshot(at('target'))).toEqual(snapshot(source()));
  });

  test('one that was tampered with is refused by both', async () => {
    const digest = await copy();
    writeFileSync(at('checkpoint', 'base', 'rootfs.index'), '[]');
    await expect(readBaseIndex(place(), digest, ARCHIVE)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
    await expect(unpack(digest)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
    await expect(unpack(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
  });
});

describe('a difference that leads out of the tree', () => {
  const victim = (): string => at('victim', 'file');
  beforeEach(async () => {
    mkdirSync(at('victim'));
    writeFileSync(victim(), 'precious');
    await unpack(await copy());
    // What a container may bring about that rearranges its files while they are copied.
    symlinkSync(at('victim'), at('target', 'link'));
    writeFileSync(at('checkpoint', ARCHIVE), archiveOf([{ name: './', type: 'directory' }]));
  });

  test.each(['../victim/file', '/etc/passwd', 'a/../../victim/file', './large', 'large/', '', '.'])(
    'a list of what is gone with %j is refused',
    async (path) => {
      writeFileSync(at('checkpoint', 'rootfs.gone'), `${path}\0`);
      await expect(apply()).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
      expect(readFileSync(victim(), 'utf8')).toBe('precious');
      expect(existsSync(at('target', 'large'))).toBe(true);
    },
  );

  test('nothing is removed through a symlink', async () => {
    writeFileSync(at('checkpoint', 'rootfs.gone'), 'link/file\0');
    await apply();
    expect(readFileSync(victim(), 'utf8')).toBe('precious');
  });

  test.each([
    { what: 'a file through a symlink of the base', members: [{ name: './link/file', type: 'file', content: 'evil' }] },
    { what: 'a hard link to what the base has', members: [{ name: './h', type: 'hardlink', target: './link/file' }] },
    {
      what: 'a name twice',
      members: [
        { name: './x', type: 'directory' },
        { name: './x', type: 'symlink', target: '..' },
      ],
    },
  ] as const)('$what is refused', async ({ members }) => {
    writeFileSync(at('checkpoint', 'rootfs.gone'), '');
    writeFileSync(at('checkpoint', ARCHIVE), archiveOf([{ name: './', type: 'directory' }, ...members]));
    await expect(apply()).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
    expect(readFileSync(victim(), 'utf8')).toBe('precious');
    expect(readdirSync(at('victim'))).toEqual(['file']);
  });
});

type Change = (rng: (max: number) => number) => void;

/** Anything that may happen to a few names; what is not possible does not happen. */
const RANDOM: readonly Change[] = [
  (rng) => {
    writeFileSync(anywhere(rng), 'x'.repeat(rng(3000)));
  },
  (rng) => {
    mkdirSync(anywhere(rng));
  },
  (rng) => {
    rmSync(anywhere(rng), { recursive: true });
  },
  (rng) => {
    renameSync(anywhere(rng), anywhere(rng));
  },
  (rng) => {
    linkSync(anywhere(rng), anywhere(rng));
  },
  (rng) => {
    symlinkSync(['nowhere', '..', '/etc', 'a'][rng(3)] ?? '', anywhere(rng));
  },
  (rng) => {
    chmodSync(anywhere(rng), [0o4755, 0o600, 0o1777][rng(2)] ?? 0);
  },
  (rng) => {
    execFileSync('mknod', [anywhere(rng), 'c', '0', '0'], { stdio: 'ignore' });
  },
];

const anywhere = (rng: (max: number) => number): string =>
  source(['', 'a', 'b'][rng(2)] ?? '', ['', 'a', 'b', 'c'][rng(3)] ?? '', ['a', 'b', 'c', 'd'][rng(3)] ?? '');

function happen(changes: readonly number[]): void {
  let next = 0;
  const rng = (max: number): number => (changes[next++ % changes.length] ?? 0) % (max + 1);
  for (let count = 0; count < changes.length; count++) {
    try {
      RANDOM[rng(RANDOM.length - 1)]?.(rng);
    } catch {
      // A directory that is not there, a name that is taken.
    }
    next += 1;
  }
}

test('whatever happens before the base and between it and the freeze', async () => {
  const numbers = fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (before, between) => {
      for (const name of ['source', 'target', 'checkpoint']) {
        rmSync(at(name), { recursive: true });
        mkdirSync(at(name));
      }
      write('large');
      truncateSync(source('large'), 8 * 1024 * 1024);
      happen(before);
      const digest = await copy();
      await unpack(digest);
      happen(between);
      expect(await differ(digest)).toBe(true);
      await apply();
      expect(snapshot(at('target'))).toEqual(snapshot(source()));
    }),
    { numRuns: 8 },
  );
}, 120_000);

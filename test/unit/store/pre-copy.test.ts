/** What is copied while the container runs, and then the difference: together exactly what there was at the freeze. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandRunner } from '../../../src/runtime/exec';
import { Pace } from '../../../src/runtime/pace';
import { FakeClock } from '../../lib/fake-clock';
import { ahead, onFileSystem, PreCopiedTree } from '../../lib/pre-copied-tree';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { changes } from '../../lib/tree-changes';
import type { TreeEditor } from '../../lib/tree-editor';
import { makeFiles } from '../../lib/tree-editor';
import { setXattr, snapshot } from '../../lib/tree-snapshot';

// Each runs a dozen programs, which on a busy machine take their time.
jest.setTimeout(60_000);

const directory = useTemporaryDirectory();
let trees: PreCopiedTree;
let source: TreeEditor;

beforeEach(() => {
  trees = new PreCopiedTree(directory());
  ({ source } = trees);
});

const expectSame = (): void => {
  expect(snapshot(trees.at('target'))).toEqual(snapshot(trees.at('source')));
};

describe('exactly what there was at the freeze', () => {
  test.each(changes())('%s', async (_what, change) => {
    makeFiles(source);
    const digest = await trees.copy();
    await trees.unpack(digest);
    change(source);
    expect(await trees.differ(digest)).toBe(true);
    await trees.apply();
    expectSame();
    // As after an agent that was killed in its middle.
    await trees.apply();
    expectSame();
  });

  test('also of files that vanish, change and move while they are read', async () => {
    makeFiles(source);
    const racing: CommandRunner = {
      run: (file, args, options) => {
        if (args.includes('--create')) {
          source.remove('a/one');
          source.rename('c', 'moved');
          source.write('six', 'between listing and reading');
        }
        return onFileSystem('xfs').run(file, args, options);
      },
    };
    const digest = await trees.copy({ run: racing });
    await trees.unpack(digest);
    source.write('a/one', 'back');
    source.rename('moved', 'c');
    await trees.differ(digest);
    await trees.apply();
    expectSame();
  });
});

describe('what goes in the freeze', () => {
  test('is what has changed, and all directories', async () => {
    makeFiles(source);
    const digest = await trees.copy();
    source.write('a/one', 'changed');
    source.remove('a/b');
    source.link('c/four', 'five');
    await trees.differ(digest);
    expect(await trees.packed()).toEqual(['', 'a', 'a/one', 'c', 'c/four', 'empty', 'five', 'opaque']);
    expect(trees.gone()).toEqual(['a/b/two', 'a/b']);
  });

  test('a file that was written to shortly before the base goes again: nobody knows whether the base has all of it', async () => {
    source.write('fresh');
    source.age('fresh');
    const digest = await trees.copy({ clock: systemClock });
    await trees.differ(digest);
    expect(await trees.packed()).toContain('fresh');
  });

  test('a large file is in doubt for longer: it may have been in the middle of one write', async () => {
    source.write('small');
    source.truncate('large', 400 * 1024 * 1024);
    const digest = await trees.copy({ clock: ahead(20_000) });
    await trees.differ(digest);
    expect(await trees.packed()).toEqual(['', 'large']);
  });

  test('is everything when a directory has lost an attribute, which no difference can tell', async () => {
    makeFiles(source);
    const digest = await trees.copy();
    source.makeTransparent('opaque');
    expect(await trees.differ(digest)).toBe(false);
    expect(existsSync(trees.at('checkpoint', 'rootfs.tar'))).toBe(false);
  });
});

describe('the base', () => {
  test('is not made where it does not pay, and what an earlier try left goes', async () => {
    expect(await trees.copy()).toBeDefined();
    source.truncate('large', 1000);
    expect(await trees.copy()).toBeUndefined();
    expect(existsSync(trees.at('checkpoint', 'base'))).toBe(false);
  });

  test('is not made on a file system that does not stamp every change', async () => {
    expect(await trees.copy({ run: onFileSystem('tmpfs') })).toBeUndefined();
  });

  test('nobody but root gets in until the difference is there', async () => {
    source.chmod('', 0o777);
    setXattr(trees.at('source'), '', 'user.colour', '62');
    await trees.unpack(await trees.copy());
    expect(statSync(trees.at('target')).mode & 0o777).toBe(0o700);
    expect(snapshot(trees.at('target'))[0]).not.toContain('user.colour');
  });

  test('that was tampered with is refused on both sides', async () => {
    const digest = await trees.copy();
    writeFileSync(trees.at('checkpoint', 'base', 'rootfs.index'), '[]');
    const refused = { reason: 'CheckpointCorrupt' };
    await expect(trees.index(digest)).rejects.toMatchObject(refused);
    await expect(trees.unpack(digest)).rejects.toMatchObject(refused);
    await expect(trees.unpack(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject(refused);
  });
});

/** Gives numbers of a list one after the other, each below a limit. */
type Next = (limit: number) => number;

const anywhere = (next: Next): string => {
  const path = [['', 'a', 'b'][next(3)], ['', 'a', 'b', 'c'][next(4)], ['a', 'b', 'c', 'd'][next(4)]].join('/');
  mustBeInside(dirname(source.at(path)));
  return path;
};

/** What a change goes through to, when it follows a symlink. */
const followed = (path: string): string => {
  if (existsSync(source.at(path))) mustBeInside(source.at(path));
  return path;
};

/** Some of the symlinks lead out of the tree, and out there are the files of this machine. */
function mustBeInside(path: string): void {
  const root = realpathSync(source.at('.'));
  if (!`${realpathSync(path)}/`.startsWith(`${root}/`)) throw new Error(`${path} is out of the tree`);
}

/** Anything that may happen to a few names; what is not possible does not happen. */
function happen(numbers: readonly number[]): void {
  let position = 0;
  const next: Next = (limit) => (numbers[position++] ?? 0) % limit;
  const acts = [
    () => {
      source.write(followed(anywhere(next)), 'x'.repeat(next(3000)));
    },
    () => {
      source.mkdir(anywhere(next));
    },
    () => {
      source.remove(anywhere(next));
    },
    () => {
      source.rename(anywhere(next), anywhere(next));
    },
    () => {
      source.link(anywhere(next), anywhere(next));
    },
    () => {
      source.symlink(['nowhere', '..', '/etc', 'a'][next(4)] ?? '', anywhere(next));
    },
    () => {
      source.chmod(followed(anywhere(next)), [0o4755, 0o600, 0o1777][next(3)] ?? 0);
    },
    () => {
      source.whiteout(anywhere(next));
    },
  ];
  while (position < numbers.length) {
    try {
      acts[next(acts.length)]?.();
    } catch {
      // A directory that is not there or not in the tree, a name that is taken.
    }
  }
}

test('whatever happens before the base, and between it and the freeze', async () => {
  const numbers = fc.array(fc.nat(10_000), { minLength: 50, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (before, between) => {
      trees = new PreCopiedTree(directory());
      ({ source } = trees);
      happen(before);
      const digest = await trees.copy();
      await trees.unpack(digest);
      happen(between);
      expect(await trees.differ(digest)).toBe(true);
      await trees.apply();
      expectSame();
    }),
    // One that fails is told as it is: to make it smaller would take longer than a test may.
    { numRuns: 10, endOnFailure: true },
  );
});

describe('with a limit of what is written before the freeze', () => {
  test('every byte of the archive counts, it is the same, and nobody else may read it', async () => {
    makeFiles(source);
    await trees.copy();
    const archive = trees.at('checkpoint/base/rootfs.tar');
    const before = readFileSync(archive);
    const clock = new FakeClock();
    const pace = new Pace(clock, 1e9);
    const passed = jest.spyOn(pace, 'pass');
    const digest = await trees.copy({ pace });
    // The names of posix headers hold the time of their reading, and tar's pid.
    expect(statSync(archive).size).toBe(before.length);
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(passed.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBe(before.length);
    await trees.unpack(digest);
    await trees.differ(digest);
    // What is copied in the freeze is not held back.
    expect(passed.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBe(before.length);
    await trees.apply();
    expectSame();
  });

  test('a copy that is given up ends, and leaves nothing', async () => {
    makeFiles(source);
    const pace = new Pace(systemClock, 1);
    const abort = new AbortController();
    const run: CommandRunner = {
      run: (file, args, options) => {
        if (args.includes('--create'))
          setTimeout(() => {
            abort.abort(new ReasonedError('NoLongerWanted', 'given up'));
          }, 100);
        return onFileSystem('xfs').run(file, args, { ...options, signal: abort.signal });
      },
    };
    await expect(trees.copy({ run, pace })).rejects.toMatchObject({ reason: 'NoLongerWanted' });
    expect(readdirSync(trees.at('checkpoint/base'))).toEqual([]);
  });
});

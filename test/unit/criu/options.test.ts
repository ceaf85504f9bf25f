import { chooseCriuOptions, describeOptions, findCriuObstacles } from '../../../src/criu/choose-options';
import type { DumpFacts } from '../../../src/criu/dump-facts';
import { CRIU_OPTION_NAMES, dumpArguments, parseCriuOption, restoreArguments } from '../../../src/criu/options';
import { NOTHING_OPEN } from '../../lib/nothing-open';

const chosen = (facts: Partial<DumpFacts>, init = false, owner: string[] = []): string[] =>
  describeOptions(chooseCriuOptions({ ...NOTHING_OPEN, ...facts }, init, owner)).map(({ option }) => option);

const obstacles = (facts: Partial<DumpFacts>, owner: string[] = []): string[] => {
  const all = { ...NOTHING_OPEN, ...facts };
  return findCriuObstacles(all, chooseCriuOptions(all, false, owner)).map(({ reason }) => reason);
};

describe('the options of a dump', () => {
  test.each<[string, Partial<DumpFacts>, boolean, string[], string[]]>([
    ['none for a plain container', {}, false, [], []],
    ['locks that are held', { lockedFiles: ['/l'] }, false, [], ['file-locks']],
    ['locks that may be taken', { writableFiles: 2 }, false, [], ['file-locks']],
    ['deleted files', { deletedFiles: [{ path: '/d', sizeBytes: 1 }] }, false, [], ['ghost-limit=67108864']],
    [
      'deleted files of an owner who allows more',
      { deletedFiles: [{ path: '/d', sizeBytes: 1 }] },
      false,
      ['ghost-limit=99999999'],
      ['ghost-limit=99999999'],
    ],
    [
      'watches',
      {
        watches: [
          { inode: 1, path: '/w' },
          { inode: 2, path: '/v/x' },
        ],
      },
      false,
      [],
      ['force-irmap', 'irmap-scan-path=/w', 'irmap-scan-path=/v/x'],
    ],
    ['a watch of the root, which CRIU finds', { watches: [{ inode: 1, path: '/' }] }, false, [], ['force-irmap']],
    [
      'a deleted name',
      { deletedNames: [{ path: '/n', isCarried: true }] },
      false,
      [],
      ['ghost-limit=67108864', 'link-remap'],
    ],
    ['--init', {}, true, [], ['mntns-compat-mode']],
    ['what its owner says', {}, false, ['ext-unix-sk', 'skip-in-flight'], ['ext-unix-sk', 'skip-in-flight']],
  ])('%s', (_what, facts, init, owner, expected) => {
    expect(chosen(facts, init, owner)).toEqual(expected);
  });

  test('say why, in words that fit the schema however long the paths are', () => {
    const lockedFiles = ['/a', '/b', '/c', '/d'].map((path) => path.repeat(1000));
    const [option] = describeOptions(chooseCriuOptions({ ...NOTHING_OPEN, lockedFiles }, false));
    expect(option?.because).toMatch(/^holds locks on \/a.* and 1 more$/);
    expect(option?.because.length).toBeLessThan(1024);
  });

  test('name directories in place of very many watched files', () => {
    const watches = Array.from({ length: 500 }, (_, inode) => ({ inode, path: `/app/src/d${inode % 3}/f${inode}` }));
    expect(chosen({ watches })).toEqual([
      'force-irmap',
      'irmap-scan-path=/app/src/d0',
      'irmap-scan-path=/app/src/d1',
      'irmap-scan-path=/app/src/d2',
    ]);
    const scattered = watches.map(({ inode }) => ({ inode, path: `/d${inode}` }));
    expect(chosen({ watches: scattered }).length).toBeLessThanOrEqual(33);
  });
});

describe('what no option helps against', () => {
  const file = { path: '/d', sizeBytes: 40 * 2 ** 20 };
  test.each<[string, Partial<DumpFacts>, string[], string[]]>([
    ['nothing', {}, [], []],
    ['one deleted file within the limit', { deletedFiles: [file] }, [], []],
    ['two that are beyond it together', { deletedFiles: [file, file] }, [], ['GhostFileTooLarge']],
    ['two that their owner allows', { deletedFiles: [file, file] }, ['ghost-limit=100000000'], []],
    ['one that its owner does not', { deletedFiles: [file] }, ['ghost-limit=1000'], ['GhostFileTooLarge']],
    ['a deleted name', { deletedNames: [{ path: '/n', isCarried: true }] }, [], []],
    ['one on a mounted directory', { deletedNames: [{ path: '/n', isCarried: false }] }, [], ['LinkRemapNeeded']],
    ['a watch without a name', { watches: [{ inode: 5, path: undefined }] }, [], ['InotifyUnsupported']],
    ['a name CRIU would take apart', { watches: [{ inode: 5, path: '/a b' }] }, [], ['InotifyUnsupported']],
  ])('%s', (_what, facts, owner, expected) => {
    expect(obstacles(facts, owner)).toEqual(expected);
  });

  test('names the largest first, and what to write', () => {
    const small = { path: '/small', sizeBytes: 30 * 2 ** 20 };
    const facts = { ...NOTHING_OPEN, deletedFiles: [small, file] };
    const [obstacle] = findCriuObstacles(facts, []);
    expect(obstacle?.message).toMatch(/\/d \(41943040 bytes\), \/small .*ghost-limit=146800640/);
  });
});

describe('an option in an object', () => {
  test.each(['file-locks', 'ghost-limit=1', 'irmap-scan-path=/a/b.c', 'mntns-compat-mode'])('is read: %s', (text) => {
    const { name, value } = parseCriuOption(text);
    expect(value === undefined ? name : `${name}=${value}`).toBe(text);
  });

  test.each([
    '',
    'leave-stopped',
    'action-script=/bin/sh',
    'file-locks=1',
    'file-locks\nleave-running',
    'ghost-limit',
    'ghost-limit=1\nroot /',
    'ghost-limit=1M',
    'irmap-scan-path=/a b',
    'irmap-scan-path=relative',
    'irmap-scan-path=/a\naction-script',
    `irmap-scan-path=/${'a'.repeat(2000)}`,
    '__proto__',
  ])('is refused: %j', (text) => {
    expect(() => parseCriuOption(text)).toThrow(expect.objectContaining({ reason: 'CriuOptionInvalid' }) as Error);
  });
});

describe('where an option goes', () => {
  const all = CRIU_OPTION_NAMES.map((name) => ({
    name,
    ...(name === 'ghost-limit' ? { value: '7' } : {}),
    ...(name === 'irmap-scan-path' ? { value: '/w' } : {}),
  }));

  test('at a dump: what this runc has a flag for, and the rest into the configuration', () => {
    const config = 'ghost-limit 7\nforce-irmap\nirmap-scan-path /w\n';
    expect(dumpArguments(all, () => true)).toEqual({
      flags: ['--file-locks', '--link-remap', '--tcp-skip-in-flight', '--ext-unix-sk', '--tcp-established'],
      config,
    });
    expect(dumpArguments(all)).toEqual({
      flags: ['--file-locks', '--ext-unix-sk', '--tcp-established'],
      config: config.replace('force', 'link-remap\nforce') + 'skip-in-flight\n',
    });
  });

  test('at a dump that keeps no connection: CRIU leaves the network as it is', () => {
    expect(dumpArguments([])).toEqual({ flags: [], config: 'network-lock skip\n' });
    expect(dumpArguments([{ name: 'tcp-established' }])).toEqual({ flags: ['--tcp-established'], config: '' });
    const locked = dumpArguments([{ name: 'tcp-established' }], undefined, true);
    expect(locked).toEqual({ flags: ['--tcp-established'], config: 'network-lock skip\n' });
  });

  test('at a restore: only what the images do not hold', () => {
    expect(restoreArguments(all)).toEqual({
      flags: ['--file-locks', '--ext-unix-sk', '--tcp-established'],
      config: 'mntns-compat-mode\n',
    });
    expect(restoreArguments([])).toEqual({ flags: ['--file-locks'], config: 'tcp-close\nnetwork-lock skip\n' });
  });
});

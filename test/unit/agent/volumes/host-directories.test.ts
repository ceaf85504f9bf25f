/** The programs of the node, on directories of the test's own. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDirectoryNotes } from '../../../../src/agent/volumes/directory-notes';
import { createHostDirectories } from '../../../../src/agent/volumes/host-directories';
import type { NotedDirectory } from '../../../../src/agent/volumes/host-directories-port';
import { systemClock } from '../../../../src/runtime/clock';
import type { ReasonedError } from '../../../../src/runtime/errors';
import { createCommandRunner } from '../../../../src/runtime/exec';
import { UID } from '../../../lib/migration';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const root = useTemporaryDirectory();
const at = (...names: string[]): string => join(root(), ...names);
const commands = createCommandRunner(systemClock);
const directories = createHostDirectories(commands);
const failed = (): ReasonedError => expect.objectContaining({ reason: 'HostDirectoryFailed' }) as ReasonedError;
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

describe('what there is of a path', () => {
  const last = async (...names: string[]): Promise<unknown> => (await directories.look(at(...names))).at(-1);

  test('every component, as it is', async () => {
    mkdirSync(at('a\nb', ' -delete'), { recursive: true, mode: 0o750 });
    const parts = await directories.look(at('a\nb', ' -delete'));
    expect(parts[0]).toMatchObject({ path: '/', kind: 'directory', uid: 0, isEmpty: false });
    const { uid, gid } = statSync(root());
    expect(parts.slice(-2)).toEqual([
      { path: at('a\nb'), kind: 'directory', isEmpty: false, uid, gid, mode: '750' },
      { path: at('a\nb', ' -delete'), kind: 'directory', isEmpty: true, uid, gid, mode: '750' },
    ]);
  });

  test('what is missing is left out', async () => {
    mkdirSync(at('a'));
    expect(await last('a', 'b', 'c')).toMatchObject({ path: at('a'), isEmpty: true });
  });

  test('a symlink is one, wherever it leads', async () => {
    mkdirSync(at('a'));
    symlinkSync(at('a'), at('link'));
    symlinkSync(at('nowhere'), at('dangling'));
    expect(await last('link')).toMatchObject({ kind: 'symlink', isEmpty: false });
    expect(await last('dangling')).toMatchObject({ kind: 'symlink' });
    expect((await directories.look(at('link', 'b'))).find(({ path }) => path === at('link'))?.kind).toBe('symlink');
  });

  test('an empty file is no empty directory', async () => {
    writeFileSync(at('file'), '');
    expect(await last('file')).toMatchObject({ kind: 'other', isEmpty: false });
  });
});

test('whether a process sees the same directory at a path', async () => {
  mkdirSync(at('a', 'b'), { recursive: true });
  symlinkSync(at('a'), at('link'));
  const seen = (destination: string): Promise<boolean | undefined> =>
    directories.isMounted(at('a', 'b'), { pid: process.pid, destination });
  expect(await seen(at('a', 'b'))).toBe(true);
  expect(await seen(at('a'))).toBe(false);
  expect(await seen(at('link', 'b'))).toBeUndefined();
  expect(await seen(at('nowhere'))).toBeUndefined();
});

test('where something is mounted', async () => {
  expect(await directories.mountPoints()).toEqual(expect.arrayContaining(['/', '/proc']));
});

test('directories are made for all to pass, and the last for nobody; never in the place of anything', async () => {
  await directories.make([at('a'), at('a', 'b'), at('a', 'b', '-c')]);
  expect([at('a'), at('a', 'b'), at('a', 'b', '-c')].map(modeOf)).toEqual(['755', '755', '700']);
  symlinkSync(at('a'), at('link'));
  for (const path of [at('a'), at('link'), at('no', 'where')]) {
    await expect(directories.make([path])).rejects.toThrow(failed());
  }
});

test('one is given to its owner', async () => {
  mkdirSync(at('a'));
  const { uid, gid } = statSync(at('a'));
  await directories.give(at('a'), { uid, gid, mode: '1750' });
  expect(modeOf(at('a'))).toBe('1750');
  await expect(directories.give(at('b'), { uid, gid, mode: '700' })).rejects.toThrow(failed());
});

test('only an empty one is removed', async () => {
  mkdirSync(at('a', 'b'), { recursive: true });
  await directories.removeEmpty(at('a'));
  expect(existsSync(at('a', 'b'))).toBe(true);
  await directories.removeEmpty(at('a', 'b'));
  await directories.removeEmpty(at('a', 'b'));
  expect(readdirSync(at('a'))).toEqual([]);
  writeFileSync(at('file'), '');
  await expect(directories.removeEmpty(at('file'))).rejects.toThrow(failed());
});

describe('notes', () => {
  const notes = (): ReturnType<typeof createDirectoryNotes> => createDirectoryNotes(commands, at('var', 'notes'));
  const noted: NotedDirectory[] = [
    { path: '/srv/a', makes: ['/srv', '/srv/a'], files: 'some' },
    { path: '/srv/b\n', makes: [], found: { uid: 1, gid: 2, mode: '1777' }, files: 'none' },
  ];

  test('are read as they were written last, by another life of the agent too, and forgotten', async () => {
    expect(await notes().read(UID)).toEqual([]);
    expect(await notes().list()).toEqual([]);
    await notes().write(UID, []);
    await notes().write(UID, noted);
    expect(await notes().read(UID)).toEqual(noted);
    expect(await notes().list()).toEqual([UID]);
    expect(modeOf(at('var', 'notes'))).toBe('700');
    await notes().forget(UID);
    await notes().forget(UID);
    expect(await notes().read(UID)).toEqual([]);
    expect(readdirSync(at('var', 'notes'))).toEqual([]);
  });

  test('one that was not completed counts for nothing', async () => {
    await notes().write(UID, noted);
    writeFileSync(at('var', 'notes', `.${UID}`), '[{"pa');
    expect(await notes().list()).toEqual([UID]);
    expect(await notes().read(UID)).toEqual(noted);
  });

  test.each(['', '{}', '[{"path":"srv","makes":[],"files":"all"}]', '[{"path":"/srv","makes":["x"],"files":"all"}]'])(
    'what is none is told, and stays: %s',
    async (text) => {
      await notes().write(UID, noted);
      writeFileSync(at('var', 'notes', UID), text);
      await expect(notes().read(UID)).rejects.toThrow(failed());
      expect(readFileSync(at('var', 'notes', UID), 'utf8')).toBe(text);
    },
  );

  test('nobody’s name leads elsewhere', async () => {
    await expect(notes().read('../x')).rejects.toThrow(TypeError);
    await expect(notes().write('../x', [])).rejects.toThrow(TypeError);
    await expect(notes().forget('../x')).rejects.toThrow(TypeError);
  });
});

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDumpFacts } from '../../../src/driver/dump-facts';
import { createFindPaths } from '../../../src/driver/find-paths';
import { systemClock } from '../../../src/runtime/clock';
import { createCommandRunner } from '../../../src/runtime/exec';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'facts-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const none = (): Promise<Map<number, string>> => Promise.resolve(new Map<number, string>());

/** A process that has done this in bash, and waits. */
async function holding(script: string): Promise<ChildProcess> {
  const child = spawn('bash', ['-c', `cd "$1"; ${script}; echo ready; read -r`, 'bash', directory], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  return child;
}

test.each<[string, string, object]>([
  ['a plain one', ':', { deletedFiles: [], deletedNames: [], lockedFiles: [], writableFiles: 0, watches: [] }],
  ['a file open for writing', 'exec 5>file', { writableFiles: 1, lockedFiles: [] }],
  ['a file open for reading', 'echo x >file; exec 5<file', { writableFiles: 0 }],
  [
    'a deleted file, open twice',
    'head -c 100000 /dev/zero | tr "\\0" x >gone; exec 5<gone 6<gone; rm gone',
    { deletedFiles: [{ path: 'gone', sizeBytes: expect.any(Number) as number }], deletedNames: [], writableFiles: 0 },
  ],
  [
    'a deleted name',
    'echo x >one; ln one two; exec 5>one; rm one',
    { deletedFiles: [], deletedNames: [['one', true]] },
  ],
  ['a lock', 'exec 5>locked; flock 5', { lockedFiles: ['locked'] }],
])('of a process with %s', async (_what, script, expected) => {
  const child = await holding(script);
  try {
    const pid = child.pid ?? 0;
    const facts = await findDumpFacts(pid, [pid], none);
    const inHere = (path: string): string => path.replace(`${directory}/`, '');
    expect({
      ...facts,
      deletedFiles: facts.deletedFiles.map((file) => ({ ...file, path: inHere(file.path) })),
      deletedNames: facts.deletedNames.map(({ path, isCarried }) => [inHere(path), isCarried]),
      lockedFiles: facts.lockedFiles.map(inHere),
    }).toMatchObject(expected);
    for (const { sizeBytes } of facts.deletedFiles) expect(sizeBytes).toBeGreaterThanOrEqual(100_000);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that is gone has nothing', async () => {
  expect(await findDumpFacts(1, [2 ** 22 + 1], none)).toMatchObject({ deletedFiles: [], watches: [] });
});

describe('inotify', () => {
  const INOTIFY = [
    'pos:\t0',
    'flags:\t00',
    'mnt_id:\t17',
    // As Linux 6.18 writes it, on an overlay file system and on a tmpfs.
    'inotify wd:2 ino:2201cd sdev:39 mask:2 ignored_mask:0 fhandle-bytes:20 fhandle-type:f8 f_handle:00',
    'inotify wd:3 ino:2201ce sdev:39 mask:2 ignored_mask:0 fhandle-bytes:20 fhandle-type:f8 f_handle:00',
    'inotify wd:1 ino:7 sdev:100003 mask:100 ignored_mask:0 fhandle-bytes:20 fhandle-type:f8 f_handle:00',
  ].join('\n');
  const MOUNTINFO = [
    '222 165 0:57 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w',
    '223 222 1:3 / /tmp rw shared:5 - tmpfs tmpfs rw',
  ].join('\n');

  test('is looked up by inode where the file system is an overlay, and only there', async () => {
    const process = join(directory, '10');
    mkdirSync(join(process, 'fd'), { recursive: true });
    mkdirSync(join(process, 'fdinfo'));
    symlinkSync('anon_inode:inotify', join(process, 'fd/3'));
    writeFileSync(join(process, 'fdinfo/3'), INOTIFY);
    writeFileSync(join(process, 'mountinfo'), MOUNTINFO);
    const asked: unknown[] = [];
    const find = (root: string, inodes: readonly number[]): Promise<Map<number, string>> => {
      asked.push([root, inodes]);
      return Promise.resolve(new Map([[0x2201cd, '/watched']]));
    };
    const { watches } = await findDumpFacts(10, [10], find, directory);
    expect(asked).toEqual([[join(process, 'root'), [0x2201cd, 0x2201ce]]]);
    expect(watches).toEqual([
      { inode: 0x2201cd, path: '/watched' },
      { inode: 0x2201ce, path: undefined },
    ]);
  });

  test('paths are found below a root, and what is not there is left out', async () => {
    mkdirSync(join(directory, 'files/a/b'), { recursive: true });
    symlinkSync('files', join(directory, 'root'));
    const commands = createCommandRunner(systemClock);
    const { stdout } = await commands.run('stat', ['-c', '%i', join(directory, 'files/a/b')], { timeoutMs: 5000 });
    const paths = await createFindPaths(commands)(join(directory, 'root'), [Number(stdout), 2 ** 40]);
    expect([...paths]).toEqual([[Number(stdout), '/a/b']]);
  });
});

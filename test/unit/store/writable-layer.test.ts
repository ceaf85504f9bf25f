import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../../src/runtime/clock';
import type { CommandRunner } from '../../../src/runtime/exec';
import { createCommandRunner } from '../../../src/runtime/exec';
import { applyLayer, isLayerEmpty, saveLayer } from '../../../src/store/writable-layer';
import type { Member } from '../../lib/hostile-archive';
import { archiveOf } from '../../lib/hostile-archive';
import { DAMAGES } from '../../lib/hostile-files';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { poll } from '../../lib/waiting';

const TIMEOUT_MS = 20_000;
const run = createCommandRunner(systemClock);
const root = useTemporaryDirectory();
const at = (...names: string[]): string => join(root(), ...names);
const reason = (name: string, text = ''): Error =>
  expect.objectContaining({ reason: name, message: expect.stringContaining(text) as string }) as Error;

const save = (): Promise<void> => saveLayer(run, at('upper'), at('volume', 'rootfs.tar'), TIMEOUT_MS);
const apply = (): Promise<void> => applyLayer(run, at('volume', 'rootfs.tar'), at('target'), TIMEOUT_MS);

beforeEach(() => {
  for (const name of ['upper', 'target', 'volume', 'victim']) mkdirSync(at(name));
  writeFileSync(at('victim', 'file'), 'precious');
});

describe('there and back', () => {
  test('files, links, modes, holes and whiteouts are the same', async () => {
    mkdirSync(at('upper', 'etc'));
    writeFileSync(at('upper', 'etc', 'passwd'), 'changed');
    linkSync(at('upper', 'etc', 'passwd'), at('upper', 'linked'));
    chmodSync(at('upper', 'linked'), 0o4755);
    symlinkSync('../../outside', at('upper', 'relative'));
    symlinkSync('/etc/shadow', at('upper', 'absolute'));
    execFileSync('mknod', [at('upper', 'deleted'), 'c', '0', '0']);
    truncateSync(at('upper', 'etc', 'passwd'), 2 ** 40);
    await save();
    expect(statSync(at('volume', 'rootfs.tar')).size).toBeLessThan(100_000);
    await apply();
    expect(statSync(at('target', 'linked'))).toMatchObject({ mode: 0o104755, nlink: 2, size: 2 ** 40 });
    expect(statSync(at('target', 'etc', 'passwd')).ino).toBe(statSync(at('target', 'linked')).ino);
    // A file full of holes takes no room on the target either.
    expect(statSync(at('target', 'linked')).blocks).toBeLessThan(100);
    expect(readlinkSync(at('target', 'relative'))).toBe('../../outside');
    expect(readlinkSync(at('target', 'absolute'))).toBe('/etc/shadow');
    expect(lstatSync(at('target', 'deleted'))).toMatchObject({ rdev: 0 });
    expect(lstatSync(at('target', 'deleted')).isCharacterDevice()).toBe(true);
  });

  test('both can be repeated, and leave nothing else behind', async () => {
    expect(await isLayerEmpty(at('upper'))).toBe(true);
    writeFileSync(at('upper', 'file'), 'content');
    symlinkSync('/nowhere', at('upper', 'link'));
    for (let time = 0; time < 2; time++) await save();
    for (let time = 0; time < 2; time++) await apply();
    expect(readdirSync(at('volume'))).toEqual(['rootfs.tar']);
    expect(readFileSync(at('target', 'file'), 'utf8')).toBe('content');
    expect(readdirSync(at('target'))).toEqual(['file', 'link']);
  });
});

describe('an archive that leads out of the layer', () => {
  const file = (name: string): Member => ({ name, type: 'file', content: 'evil' });

  test.each<{ what: string; members: Member[] }>([
    { what: 'a name with ..', members: [file('../victim/file')] },
    { what: 'a name with .. in its middle', members: [{ name: 'd', type: 'directory' }, file('d/../../victim/file')] },
    { what: 'an absolute name', members: [file('/VICTIM/file')] },
    {
      what: 'a file through an absolute symlink',
      members: [{ name: 's', type: 'symlink', target: '/VICTIM' }, file('s/file')],
    },
    {
      what: 'a file through a relative symlink',
      members: [{ name: 's', type: 'symlink', target: '../victim' }, file('s/file')],
    },
    {
      what: 'a file through a symlink made through another',
      members: [
        { name: 'd', type: 'directory' },
        { name: 's', type: 'symlink', target: 'd' },
        { name: 's/up', type: 'symlink', target: '..' },
        file('d/up/../victim/file'),
      ],
    },
    { what: 'a hard link to an absolute name', members: [{ name: 'h', type: 'hardlink', target: '/VICTIM/file' }] },
    { what: 'a hard link with ..', members: [{ name: 'h', type: 'hardlink', target: '../victim/file' }] },
    {
      what: 'a hard link through a symlink',
      members: [
        { name: 's', type: 'symlink', target: '../victim' },
        { name: 'h', type: 'hardlink', target: 's/file' },
        file('h'),
      ],
    },
  ])('$what is refused by name', async ({ members }) => {
    const here = (text = ''): string => text.replace('/VICTIM', at('victim'));
    const real = members.map((member) => ({ ...member, name: here(member.name), target: here(member.target) }));
    writeFileSync(at('volume', 'rootfs.tar'), archiveOf(real));
    await expect(apply()).rejects.toThrow(reason('WritableLayerNotApplied'));
    expect(readFileSync(at('victim', 'file'), 'utf8')).toBe('precious');
    expect(statSync(at('victim', 'file')).nlink).toBe(1);
    expect(readdirSync(at('victim'))).toEqual(['file']);
  });

  test.each<{ what: string; members: Member[] }>([
    {
      what: 'a file by the name of a symlink before it',
      members: [{ name: 's', type: 'symlink', target: '../victim/file' }, file('s')],
    },
    {
      what: 'a file by the name of a hard link to a symlink',
      members: [
        { name: 's', type: 'symlink', target: '../victim/file' },
        { name: 'h', type: 'hardlink', target: 's' },
        file('h'),
      ],
    },
  ])('$what stays within it', async ({ members }) => {
    writeFileSync(at('volume', 'rootfs.tar'), archiveOf(members));
    await apply();
    expect(readFileSync(at('victim', 'file'), 'utf8')).toBe('precious');
  });
});

describe('what is no archive of ours', () => {
  test.each(DAMAGES.filter(({ what }) => /symlink|FIFO|device|hard link|directory|emptied|first bit/.test(what)))(
    '$what: refused before tar is begun',
    async ({ to }) => {
      writeFileSync(at('upper', 'file'), 'content');
      await save();
      to(at('volume', 'rootfs.tar'), at('elsewhere'));
      await expect(apply()).rejects.toThrow(reason('CheckpointCorrupt', 'rootfs.tar'));
      expect(readdirSync(at('target'))).toEqual([]);
    },
  );

  test('a compressed one, which could be of any size unpacked', async () => {
    const bomb = archiveOf([{ name: 'bomb', type: 'file', content: '\0'.repeat(10_000_000) }]);
    writeFileSync(at('volume', 'rootfs.tar'), gzipSync(bomb));
    await expect(apply()).rejects.toThrow(reason('CheckpointCorrupt', 'plain'));
    expect(readdirSync(at('target'))).toEqual([]);
  });

  test('one that ends too early', async () => {
    const whole = archiveOf([{ name: 'file', type: 'file', content: 'x'.repeat(5_000) }]);
    writeFileSync(at('volume', 'rootfs.tar'), whole.subarray(0, 3_000));
    await expect(apply()).rejects.toThrow(reason('WritableLayerNotApplied', 'Unexpected EOF'));
  });

  test('none', async () => {
    await expect(apply()).rejects.toThrow(reason('VolumeMissing'));
  });
});

describe('a volume that fails while tar writes', () => {
  /** As tar, but fails on the archive with these words (taken from GNU tar 1.34). */
  const failing = (words: string): CommandRunner => ({
    run: (_file, args) => {
      const archive = args.find((arg) => arg.startsWith('--file='))?.slice('--file='.length) ?? '';
      const stderr = `tar: ${archive}: ${words}\ntar: Error is not recoverable: exiting now\n`;
      writeFileSync(archive, 'half');
      return Promise.resolve({ exitCode: 2, signal: null, stdout: '', stderr, durationMs: 1 });
    },
  });

  test.each([
    ['Cannot write: No space left on device', 'VolumeFull'],
    ['Wrote only 4096 of 10240 bytes', 'VolumeFull'],
    ['Cannot write: Disk quota exceeded', 'VolumeFull'],
    ['Cannot open: Read-only file system', 'VolumeReadOnly'],
    ['Cannot write: Input/output error', 'VolumeIOError'],
    ['Cannot write: Stale file handle', 'VolumeStale'],
    ['Cannot open: Permission denied', 'VolumeForbidden'],
    ['Something else', 'WritableLayerNotSaved'],
  ])('%s: %s, and half an archive is not left behind', async (words, name) => {
    const saving = saveLayer(failing(words), at('upper'), at('volume', 'rootfs.tar'), TIMEOUT_MS);
    await expect(saving).rejects.toThrow(reason(name));
    expect(readdirSync(at('volume'))).toEqual([]);
  });
});

describe('a tar that an earlier life of the agent left behind', () => {
  /** Waits for ever for its archive; its command line is that of a real one. */
  const leave = async (option: string, archive: string): Promise<ChildProcess> => {
    execFileSync('mkfifo', [archive]);
    const child = spawn('tar', [option, `--file=${archive}`, `--directory=${at('target')}`, '.'], { detached: true });
    await poll('tar to run', () => readFileSync(`/proc/${child.pid ?? 0}/cmdline`, 'utf8').startsWith('tar\0'));
    return child;
  };
  const killed = (child: ChildProcess): Promise<true> =>
    poll('the other tar to be killed', () => child.signalCode === 'SIGKILL');

  test('is killed before another one unpacks', async () => {
    const earlier = await leave('--extract', at('fifo'));
    writeFileSync(at('upper', 'file'), 'content');
    await save();
    await apply();
    await killed(earlier);
    expect(readdirSync(at('target'))).toEqual(['file']);
  });

  test('is killed before another one saves, and its half archive is removed', async () => {
    const earlier = await leave('--create', at('volume', '.new-rootfs.tar-0123456789ab'));
    writeFileSync(at('target', 'file'), 'content');
    await saveLayer(run, at('target'), at('volume', 'rootfs.tar'), TIMEOUT_MS);
    await killed(earlier);
    expect(readdirSync(at('volume'))).toEqual(['rootfs.tar']);
  });

  test('one that works on another container is left alone', async () => {
    const other = await leave('--extract', at('fifo'));
    writeFileSync(at('upper', 'file'), 'content');
    await save();
    expect(existsSync(`/proc/${other.pid ?? 0}`)).toBe(true);
    expect(other.signalCode).toBeNull();
    other.kill('SIGKILL');
    await killed(other);
  });
});

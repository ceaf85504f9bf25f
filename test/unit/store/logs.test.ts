import { execFileSync } from 'node:child_process';
import { appendFile, chmod, lstat, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { createCommandRunner } from '../../../src/runtime/exec';
import { digestOf } from '../../../src/store/digest';
import type { CarriedLog, ContainerLogs, FileLogDriver } from '../../../src/store/log-files';
import { carriedLogs, listLogFiles } from '../../../src/store/log-files';
import { placeLogs } from '../../../src/store/place-logs';
import { LogSaver } from '../../../src/store/save-logs';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const run = createCommandRunner(systemClock);
const signal = new AbortController().signal;
const checkpoint = (): string => join(directory(), 'checkpoint');
const onVolume = (): string => join(checkpoint(), 'logs');

/** The log of a container of that name, with these files, all written long ago. */
async function logsOf(name: string, driver: FileLogDriver, files: Record<string, string>): Promise<ContainerLogs> {
  const containerDirectory = join(directory(), name);
  const path = join(containerDirectory, driver === 'local' ? 'local-logs/container.log' : `${name}-json.log`);
  await mkdir(join(path, '..'), { recursive: true });
  for (const [suffix, text] of Object.entries(files)) {
    await writeFile(path + suffix, text);
    await utimes(path + suffix, 1, 1);
  }
  return { driver, containerDirectory, path };
}

const save = (logs: ContainerLogs | undefined, until = signal): Promise<void> =>
  new LogSaver().save(logs, { root: directory(), directory: onVolume(), clock: systemClock, signal: until });

/** What lies in a directory, name by name. */
async function contents(path: string): Promise<Record<string, string>> {
  const names = await readdir(path);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')] as const)),
  );
}

beforeEach(async () => {
  await mkdir(checkpoint(), { recursive: true });
  await writeFile(join(checkpoint(), 'container.json'), '{}');
});

describe('saving', () => {
  test('takes the file that is written to and all that was rotated, and nothing else', async () => {
    const logs = await logsOf('a', 'json-file', {
      '': 'now',
      '.1': 'before',
      '.2.gz': 'packed',
      '.tmp': 'no',
      '.0': 'no',
      x: 'no',
    });
    await writeFile(join(logs.containerDirectory, 'config.v2.json'), 'no');
    await symlink('/etc/passwd', `${logs.path}.3`);
    await mkdir(`${logs.path}.4`);
    await save(logs);
    expect(await contents(onVolume())).toEqual({
      'json-file.log': 'now',
      'json-file.log.1': 'before',
      'json-file.log.2.gz': 'packed',
    });
  });

  test('leaves the half of a file that Docker is just compressing', async () => {
    const logs = await logsOf('a', 'local', { '': 'now', '.1': 'before', '.1.gz': 'hal', '.2.gz': 'packed' });
    await save(logs);
    expect(Object.keys(await contents(onVolume()))).toEqual(['local.log', 'local.log.1', 'local.log.2.gz']);
  });

  test('takes an empty log, and makes nothing of none', async () => {
    await save(await logsOf('a', 'json-file', { '': '' }));
    expect(await contents(onVolume())).toEqual({ 'json-file.log': '' });
    await save(await logsOf('b', 'json-file', {}));
    expect(await readdir(checkpoint())).toEqual(['container.json']);
    const gone = await logsOf('c', 'local', {});
    await rm(gone.containerDirectory, { recursive: true });
    await save(gone);
    expect(await readdir(checkpoint())).toEqual(['container.json']);
  });

  test('leaves nothing of an earlier try, nor what somebody else has put there', async () => {
    await save(await logsOf('a', 'json-file', { '': 'first', '.1': 'rotated' }));
    await writeFile(join(onVolume(), 'json-file.log.9'), 'evil');
    await save(await logsOf('b', 'json-file', { '': 'second' }));
    expect(await contents(onVolume())).toEqual({ 'json-file.log': 'second' });
    await save(undefined);
    expect(await readdir(checkpoint())).toEqual(['container.json']);
  });

  test('waits until Docker has written what it had read', async () => {
    const logs = await logsOf('a', 'json-file', { '': '' });
    let written = 0;
    const writer = setInterval(() => {
      if (++written > 20) clearInterval(writer);
      else void appendFile(logs.path, `${written}\n`);
    }, 10);
    await appendFile(logs.path, '0\n');
    await save(logs);
    expect((await readFile(join(onVolume(), 'json-file.log'), 'utf8')).split('\n').filter(Boolean)).toHaveLength(21);
  });

  test('does not wait for ever for a log that is written to all the time', async () => {
    const logs = await logsOf('a', 'json-file', { '': 'x' });
    // As if it were written to whenever somebody looks.
    const inAMinute = new Date(Date.now() + 60_000);
    await utimes(logs.path, inAMinute, inAMinute);
    const startedMs = performance.now();
    await save(logs);
    expect(performance.now() - startedMs).toBeGreaterThan(1_900);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test('carries bytes as they are, however many', async () => {
    const text = Buffer.alloc(3 * 1024 * 1024 + 17, 'äb\0');
    const logs = await logsOf('a', 'local', { '': '' });
    await writeFile(logs.path, text);
    await save(logs);
    expect(digestOf(await readFile(join(onVolume(), 'local.log')))).toBe(digestOf(text));
  });

  test('says LogsNotSaved of what it cannot read', async () => {
    const logs = await logsOf('a', 'json-file', { '': 'x' });
    await rm(logs.containerDirectory, { recursive: true });
    await writeFile(logs.containerDirectory, 'a file');
    await expect(save(logs)).rejects.toMatchObject({ reason: 'LogsNotSaved' });
  });

  test('writes nothing once it was given up', async () => {
    const logs = await logsOf('a', 'json-file', { '': 'x' });
    const over = AbortSignal.abort(new Error('over'));
    await expect(save(logs, over)).rejects.toThrow('over');
    expect(await readdir(checkpoint())).toEqual(['container.json']);
  });
});

describe('what a manifest lists', () => {
  const listed = (...paths: string[]): Parameters<typeof carriedLogs>[0] =>
    paths.map((path) => ({ path, sizeBytes: 1, digest: '' }));

  test('is found among all its files', () => {
    const files = listed('images/pages-1.img', 'logs/json-file.log', 'logs/json-file.log.12.gz', 'rootfs.tar');
    expect(carriedLogs(files, 'json-file').map(({ suffix }) => suffix)).toEqual(['', '.12.gz']);
    expect(carriedLogs(listed('images/pages-1.img'), undefined)).toEqual([]);
  });

  test.each([
    'logs/json-file.log.0',
    'logs/json-file.log.1.gz.gz',
    'logs/json-file.log/1',
    'logs/../container.json',
    'logs/local.log',
    'logs/config.v2.json',
    'logs/json-file.log\n',
  ])('is refused when there is %j among the logs', (path) => {
    expect(() => carriedLogs(listed(path), 'json-file')).toThrow('the checkpoint holds');
  });
});

describe('putting in place', () => {
  const carried = (sizeBytes: number, suffix = '', driver = 'json-file'): CarriedLog => {
    return { path: `logs/${driver}.log${suffix}`, suffix, sizeBytes };
  };
  const place = (logs: ContainerLogs, ...files: CarriedLog[]): Promise<void> =>
    placeLogs(run, checkpoint(), files, logs, 5_000);

  /** A container that was created: its directory is all there is. */
  async function created(driver: FileLogDriver): Promise<ContainerLogs> {
    const logs = await logsOf('new', driver, {});
    await rm(logs.containerDirectory, { recursive: true });
    await mkdir(logs.containerDirectory);
    return logs;
  }

  test.each<FileLogDriver>(['json-file', 'local'])('makes the files of %s as Docker makes them', async (driver) => {
    await save(await logsOf('old', driver, { '': 'now', '.1': 'before', '.2.gz': 'packed' }));
    const logs = await created(driver);
    // Whatever an earlier life of the agent left.
    await mkdir(join(logs.path, '..'), { recursive: true, mode: 0o700 });
    await writeFile(logs.path, 'half');
    await writeFile(join(logs.path, '../.transship-0123'), 'half');
    await place(logs, carried(3, '', driver), carried(6, '.1', driver), carried(6, '.2.gz', driver));
    const name = driver === 'local' ? 'container.log' : 'new-json.log';
    expect(await contents(join(logs.path, '..'))).toEqual({
      [name]: 'now',
      [`${name}.1`]: 'before',
      [`${name}.2.gz`]: 'packed',
    });
    expect(await listLogFiles(logs)).toHaveLength(3);
    const { mode, uid, gid } = await lstat(`${logs.path}.1`);
    expect([mode & 0o7777, uid, gid]).toEqual([0o640, process.getuid?.(), process.getgid?.()]);
  });

  test('makes the directory of local as Docker makes it', async () => {
    await save(await logsOf('old', 'local', { '': 'now' }));
    const logs = await created('local');
    await place(logs, carried(3, '', 'local'));
    expect((await lstat(join(logs.containerDirectory, 'local-logs'))).mode & 0o7777).toBe(0o700);
    expect(await readFile(logs.path, 'utf8')).toBe('now');
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a symlink', (path) => rm(path).then(() => symlink('/etc/passwd', path))],
    ['a directory', (path) => rm(path).then(() => mkdir(path))],
    [
      'a pipe',
      async (path) => {
        await rm(path);
        execFileSync('mkfifo', [path]);
      },
    ],
    ['another size', (path) => appendFile(path, 'more')],
    ['other rights', (path) => chmod(path, 0o4755)],
  ])('refuses what became %s since it was verified, and leaves nothing of it', async (_what, spoil) => {
    await save(await logsOf('old', 'json-file', { '': 'now' }));
    await spoil(join(onVolume(), 'json-file.log'));
    const logs = await created('json-file');
    await expect(place(logs, carried(3))).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
    expect(await readdir(logs.containerDirectory)).toEqual([]);
  });

  test('follows no symlink where the log shall be: it is replaced', async () => {
    await save(await logsOf('old', 'json-file', { '': 'now' }));
    const logs = await created('json-file');
    const elsewhere = join(directory(), 'elsewhere');
    await writeFile(elsewhere, 'of somebody');
    await symlink(elsewhere, logs.path);
    await place(logs, carried(3));
    expect((await lstat(logs.path)).isFile()).toBe(true);
    expect(await readFile(elsewhere, 'utf8')).toBe('of somebody');
  });

  test('says what is wrong with a container directory that is not there, or is none', async () => {
    await save(await logsOf('old', 'json-file', { '': 'now' }));
    const logs = await created('json-file');
    await rm(logs.containerDirectory, { recursive: true });
    await expect(place(logs, carried(3))).rejects.toMatchObject({ reason: 'LogsNotPlaced' });
    await symlink(checkpoint(), logs.containerDirectory);
    await expect(place(logs, carried(3))).rejects.toMatchObject({ reason: 'LogsNotPlaced' });
  });

  test('a file that is missing on the volume is a fault of the copy', async () => {
    const logs = await created('json-file');
    await expect(place(logs, carried(3))).rejects.toMatchObject({ reason: 'LogsNotPlaced' });
  });
});

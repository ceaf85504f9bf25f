import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  configPathOf,
  createDockerDaemons,
  listeningSockets,
  withoutConfigFile,
} from '../../../../src/agent/install/docker-daemons';
import type { DockerDaemons } from '../../../../src/agent/install/ports';
import { systemClock } from '../../../../src/runtime/clock';
import type { CommandRunner } from '../../../../src/runtime/exec';
import { createCommandRunner } from '../../../../src/runtime/exec';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const root = useTemporaryDirectory();
const at = (...names: string[]): string => join(root(), ...names);
const commands = createCommandRunner(systemClock);

const HEADER = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
const listener = (inode: number, path: string): string =>
  `0000000000000000: 00000002 00000000 00010000 0001 01 ${inode} ${path}\n`;

/** A process in a /proc of the test's own that holds the sockets and listens on them. */
function addProcess(pid: number, comm: string, sockets: Record<number, string>, args: readonly string[] = []): void {
  mkdirSync(at('proc', String(pid), 'net'), { recursive: true });
  mkdirSync(at('proc', String(pid), 'fd'), { recursive: true });
  const write = (name: string, text: string): void => {
    writeFileSync(at('proc', String(pid), name), text);
  };
  write('comm', `${comm}\n`);
  write('cmdline', ['/usr/bin/dockerd', ...args].map((word) => `${word}\0`).join(''));
  write(
    'net/unix',
    HEADER +
      Object.entries(sockets)
        .map(([inode, path]) => listener(Number(inode), path))
        .join(''),
  );
  for (const inode of Object.keys(sockets)) symlinkSync(`socket:[${inode}]`, at('proc', String(pid), 'fd', inode));
}

function daemons(run: CommandRunner = commands): DockerDaemons {
  return createDockerDaemons({ socketPath: at('seen-by-the-agent.sock'), commands: run, proc: at('proc') });
}

beforeEach(() => {
  mkdirSync(at('proc', 'self'), { recursive: true });
  writeFileSync(at('docker.sock'), '');
  writeFileSync(at('other.sock'), '');
  symlinkSync(at('docker.sock'), at('seen-by-the-agent.sock'));
});

describe('the daemon', () => {
  test('is the one that listens on the socket, by whatever name', async () => {
    expect(statSync(at('seen-by-the-agent.sock')).isFile()).toBe(true);
    addProcess(10, 'containerd', { 1: at('docker.sock') });
    addProcess(11, 'dockerd', { 2: at('other.sock') }, ['--config-file', '/in/a/container.json']);
    addProcess(12, 'dockerd', { 3: at('other.sock'), 4: at('docker.sock') }, [
      '-H',
      'fd://',
      '--config-file=/etc/d.json',
    ]);
    expect(await daemons().find()).toEqual({
      pid: 12,
      args: ['-H', 'fd://', '--config-file=/etc/d.json'],
      configPath: '/etc/d.json',
    });
  });

  test('is not one that has nothing to do with it', async () => {
    addProcess(11, 'dockerd', { 2: at('other.sock') });
    await expect(daemons().find()).rejects.toMatchObject({ reason: 'DockerdNotFound' });
  });

  test('is not guessed when there are two', async () => {
    for (const pid of [11, 12]) addProcess(pid, 'dockerd', { 4: at('docker.sock') });
    await expect(daemons().find()).rejects.toMatchObject({ message: expect.stringMatching(/2 processes/) as string });
  });

  test('judges a file together with its own flags', async () => {
    const calls: (readonly string[])[] = [];
    const answer = (exitCode: number, stderr: string): DockerDaemons =>
      daemons({
        run: (file, args) => {
          calls.push([file, ...args]);
          return Promise.resolve({ exitCode, stderr, stdout: '', signal: null, durationMs: 1 });
        },
      });
    const daemon = { pid: 12, args: ['-H', 'fd://', '--config-file', '/etc/d.json', '-D'], configPath: '/etc/d.json' };
    await answer(0, 'configuration OK').validate(daemon, '/etc/new');
    expect(calls).toEqual([['/proc/12/exe', '--validate', '--config-file=/etc/new', '-H', 'fd://', '-D']]);
    await expect(answer(1, 'unable to configure').validate(daemon, '/etc/new')).rejects.toMatchObject({
      reason: 'DaemonConfigRefused',
      message: expect.stringContaining('unable to configure') as string,
    });
    // Too old to know how.
    await answer(125, 'unknown flag: --validate').validate(daemon, '/etc/new');
  });
});

describe('its configuration file', () => {
  test.each([
    [[], '/etc/docker/daemon.json'],
    [['--config-file', '/a.json', '-D'], '/a.json'],
    [['--config-file=/a.json'], '/a.json'],
  ])('of %j is %s', (args, path) => {
    expect(configPathOf(args)).toBe(path);
  });

  test.each([[['--config-file=daemon.json']], [['--config-file=/etc/../x']], [['--config-file']]])(
    'of %j cannot be told',
    (args) => {
      expect(() => configPathOf(args)).toThrow('no plain absolute path');
    },
  );

  test('is left out of its flags', () => {
    expect(withoutConfigFile(['-D', '--config-file', '/a', '-H', 'x', '--config-file=/b'])).toEqual(['-D', '-H', 'x']);
  });
});

test('of the Unix sockets only those that listen and have a path', () => {
  const table =
    `${HEADER}${listener(21, '/run/docker.sock')}` +
    '0000000000000000: 00000003 00000000 00000000 0001 03 22 /run/docker.sock\n' +
    '0000000000000000: 00000002 00000000 00010000 0001 01 23 @abstract\n' +
    '0000000000000000: 00000002 00000000 00010000 0001 01    24 /run/a b.sock\n' +
    '0000000000000000: 00000002 00000000 00000000 0002 01 25\n';
  expect(listeningSockets(table)).toEqual([
    { inode: '21', path: '/run/docker.sock' },
    { inode: '24', path: '/run/a b.sock' },
  ]);
});

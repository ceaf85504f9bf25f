import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookAtContainer } from '../../../../src/agent/survey/look-at-container';
import { ReasonedError } from '../../../../src/runtime/errors';
import type { CommandRunner } from '../../../../src/runtime/exec';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const proc = useTemporaryDirectory();

const says = (stdout: string): CommandRunner => ({
  run: () => Promise.resolve({ exitCode: 1, signal: null, stdout, stderr: '', durationMs: 1 }),
});
const nothing = says('');

function processIs(pid: number, anonymousKiB: number, uid: number, ...links: string[]): void {
  const directory = join(proc(), String(pid));
  mkdirSync(join(directory, 'fd'), { recursive: true });
  const ids = (id: number): string => [id, id, id, id].join('\t');
  writeFileSync(join(directory, 'status'), `Name:\tx\nUid:\t${ids(uid)}\nGid:\t${ids(uid)}\n`);
  writeFileSync(join(directory, 'smaps_rollup'), `Anonymous:   ${anonymousKiB} kB\nPss_Shmem: 1 kB\n`);
  links.forEach((link, fd) => {
    symlinkSync(link, join(directory, 'fd', String(fd)));
  });
  const root = '1 0 0:1 / / rw - overlay overlay rw';
  writeFileSync(
    join(directory, 'mountinfo'),
    `${root}\n2 1 0:2 / /data rw - nfs4 server:/ rw\n3 1 0:3 /data /srv rw - ext4 /dev/a rw\n4 1 0:4 / /tmp rw - tmpfs a rw\n5 1 0:5 / /proc rw - proc a rw\n`,
  );
}

test('memory of all processes, and those that have an io_uring or are not root', async () => {
  processIs(10, 100, 0, '/dev/null', 'socket:[1]');
  processIs(11, 50, 33, '/dev/null', 'anon_inode:[io_uring]');
  expect(await lookAtContainer({ pids: [10, 11], upperDir: undefined }, nothing, proc())).toEqual({
    memoryBytes: 152 * 1024,
    tmpfsBytes: 0,
    sharedMemoryFiles: 0,
    writableLayerBytes: 0,
    ioUring: [11],
    notRoot: [11],
    networkMounts: [{ mountPoint: '/data', fsType: 'nfs4' }],
    hostMounts: ['/', '/srv'],
    bound: [],
    connectedUdp: 0,
  });
});

test('files in /dev/shm, when something is mounted there', async () => {
  processIs(10, 0, 0);
  const shm = join(proc(), '10/root/dev/shm');
  mkdirSync(shm, { recursive: true });
  writeFileSync(join(shm, 'one'), '');
  const look = async (): Promise<number> =>
    (await lookAtContainer({ pids: [10], upperDir: undefined }, nothing, proc())).sharedMemoryFiles;
  expect(await look()).toBe(0);
  writeFileSync(join(proc(), '10/mountinfo'), '3 1 0:3 / /dev/shm rw - tmpfs shm rw\n');
  expect(await look()).toBe(1);
});

test('a process that has ended meanwhile is left out', async () => {
  processIs(10, 100, 0);
  const found = await lookAtContainer({ pids: [10, 99], upperDir: undefined }, nothing, proc());
  expect(found).toMatchObject({ memoryBytes: 101 * 1024, notRoot: [], ioUring: [] });
});

test('the writable layer as du tells it, even when a file vanished meanwhile', async () => {
  processIs(10, 0, 0);
  const found = await lookAtContainer({ pids: [10], upperDir: '/upper' }, says('4096\t/upper\n'), proc());
  expect(found.writableLayerBytes).toBe(4096);
});

test('a writable layer that cannot be measured in time counts as nothing', async () => {
  processIs(10, 0, 0);
  const slow = { run: () => Promise.reject(new ReasonedError('CommandTimedOut', 'for the test')) };
  const found = await lookAtContainer({ pids: [10], upperDir: '/upper' }, slow, proc());
  expect(found.writableLayerBytes).toBe(0);
});

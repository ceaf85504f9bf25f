import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proveRestore } from '../../../src/driver/runc/prove';
import type { RestoreProof } from '../../../src/driver/restore-proof';
import { systemClock } from '../../../src/runtime/clock';
import { criuFixture, DriverSetup, ID, UID } from '../../lib/driver-setup';

const PID = 500;
let setup: DriverSetup;
let proc: string;
/** When the container resumed, and what the clock says ever since. */
let resumedMs: number;

const image = (name: string): string => join(setup.checkpoint.images, name);
const stats = (): string => join(setup.checkpoint.work, 'stats-restore');
const prove = (pid = PID): Promise<RestoreProof> =>
  proveRestore({ id: ID, pid }, { runDir: setup.runDir, clock: { ...systemClock, now: () => resumedMs } }, proc);
const reason = (name: string): unknown => expect.objectContaining({ reason: name });

/** A process as CRIU has made it of the images; `flags` as the kernel tells them. */
function processIs(pid: number, [inside, parent]: readonly [number, number], flags = 0x400040): void {
  const directory = join(proc, String(pid));
  mkdirSync(directory, { recursive: true });
  const words = `S ${parent} 1 1 0 -1 ${flags} 0 0 0 0 0 0 0 0 30 10 4 0 100 0 0 0 4321280 0 140731825447264 0 0 0 0`;
  writeFileSync(join(directory, 'stat'), `${pid} (python3) ${words}\n`);
  writeFileSync(join(directory, 'status'), `NSpid:\t${pid}\t${inside}\n`);
  writeFileSync(join(directory, 'cgroup'), `6:freezer:/docker/${ID}\n`);
}

/** A container that resumed a moment ago, from the images of a real dump, and its processes. */
beforeEach(async () => {
  setup = new DriverSetup();
  proc = join(setup.directory, 'proc');
  mkdirSync(setup.checkpoint.images, { recursive: true });
  await setup.driver().arm(ID, UID, setup.checkpoint);
  renameSync(join(setup.marker, 'armed'), join(setup.marker, 'resumed'));
  resumedMs = lstatSync(join(setup.marker, 'resumed')).mtimeMs;
  for (const name of ['pstree', 'core-1', 'core-7', 'mm-1']) {
    writeFileSync(image(`${name}.img`), criuFixture(`tree-${name}.img`));
  }
  writeFileSync(image('core-8.img'), criuFixture('tree-core-7.img'));
  writeFileSync(stats(), criuFixture('stats-restore'));
  mkdirSync(proc);
  writeFileSync(join(proc, 'uptime'), '1.05 0.00\n');
  processIs(PID, [1, 400]);
  processIs(501, [7, PID]);
  processIs(502, [8, 501]);
});
afterEach(() => {
  setup.remove();
});

test('the restore of a real dump is proved by its images', async () => {
  const proof = await prove();
  expect(proof).toMatchObject({
    processes: 3,
    threads: 6,
    found: 3,
    stats: { restoreMs: 148.731, pagesRestored: 787 },
  });
  expect(proof.tree.map(({ pid, ppid, command, threads }) => [pid, ppid, command, threads])).toEqual([
    [1, 0, 'python3', 4],
    [7, 1, 'python3', 1],
    [8, 7, 'python3', 1],
  ]);
});

test('what was proved stays proved, when nothing of it is left to look at', async () => {
  const proof = await prove();
  rmSync(setup.checkpoint.images, { recursive: true });
  rmSync(proc, { recursive: true });
  expect(await prove(0)).toEqual(proof);
  expect(await setup.driver().prove({ id: ID, pid: 0 })).toEqual(proof);
});

test('a next wake-up of the same container has to be proved itself', async () => {
  await prove();
  renameSync(join(setup.marker, 'resumed'), join(setup.marker, 'failed'));
  // As the agent does before each.
  rmSync(stats());
  await setup.driver().arm(ID, UID, setup.checkpoint);
  renameSync(join(setup.marker, 'armed'), join(setup.marker, 'resumed'));
  processIs(PID, [1, 400], 0x400000);
  await expect(prove()).rejects.toEqual(reason('RestoreNotProven'));
});

test('a program that was executed is no restore that CRIU has not told of, whatever the wrapper says', async () => {
  rmSync(stats());
  processIs(PID, [1, 400], 0x400000);
  await expect(prove()).rejects.toEqual(reason('RestoreNotProven'));
  await expect(prove()).rejects.toEqual(reason('RestoreNotProven'));
});

test.each(['armed', 'restoring', 'restored', 'failed'])(
  'a container whose marker says %s was not woken up',
  async (state) => {
    renameSync(join(setup.marker, 'resumed'), join(setup.marker, state));
    await expect(prove()).rejects.toEqual(reason('NotARestore'));
  },
);

test('one without a marker was not woken up', async () => {
  rmSync(setup.marker, { recursive: true });
  await expect(prove()).rejects.toEqual(reason('NotARestore'));
});

test.each([0, 499])(
  'one that has ended since (pid %i) is proved by what CRIU wrote of this restore alone',
  async (pid) => {
    expect(await prove(pid)).toMatchObject({ processes: 3, found: 0, stats: { restoreMs: 148.731 } });
  },
);

test('one that has ended is not proved when CRIU wrote nothing', async () => {
  rmSync(stats());
  await expect(prove(0)).rejects.toEqual(reason('RestoreNotProven'));
});

test('statistics of an earlier restore are gone before the next can begin', async () => {
  renameSync(join(setup.marker, 'resumed'), join(setup.marker, 'failed'));
  await setup.driver().arm(ID, UID, setup.checkpoint);
  renameSync(join(setup.marker, 'armed'), join(setup.marker, 'resumed'));
  await expect(prove(0)).rejects.toEqual(reason('RestoreNotProven'));
});

test('processes that are older than the restore are others', async () => {
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(setup.marker, 'resumed'), later, later);
  execFileSync('touch', ['-h', '-d', later.toISOString(), join(setup.marker, 'images')]);
  await expect(prove()).rejects.toEqual(reason('RestoreNotProven'));
});

test.each<[string, () => void]>([
  ['gone', () => undefined],
  ['a FIFO, which nobody writes to', () => execFileSync('mkfifo', [image('pstree.img')])],
  [
    'a link to somewhere else',
    () => {
      writeFileSync(join(setup.directory, 'elsewhere'), criuFixture('tree-pstree.img'));
      symlinkSync(join(setup.directory, 'elsewhere'), image('pstree.img'));
    },
  ],
  [
    'cut',
    () => {
      writeFileSync(image('pstree.img'), criuFixture('tree-pstree.img').subarray(0, 40));
    },
  ],
  [
    'without end',
    () => {
      writeFileSync(image('pstree.img'), criuFixture('tree-pstree.img'));
      execFileSync('truncate', ['-s', '4T', image('pstree.img')]);
    },
  ],
])('a process tree that is %s proves nothing', async (_what, make) => {
  rmSync(image('pstree.img'));
  make();
  await expect(prove()).rejects.toEqual(reason('RestoreNotProven'));
});

test('of images without names and addresses the first process is believed with CRIU’s statistics only', async () => {
  for (const name of ['core-1', 'core-7', 'core-8', 'mm-1']) rmSync(image(`${name}.img`));
  expect(await prove()).toMatchObject({ found: 3, tree: [{ pid: 1, command: undefined }, { pid: 7 }, { pid: 8 }] });
});

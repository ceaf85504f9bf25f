import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runningProcesses } from '../../../src/driver/running-processes';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const proc = useTemporaryDirectory();
const NOW_MS = 1_700_000_000_000;
/** Words of a real /proc/PID/stat from the state on, PF_FORKNOEXEC not set. */
const WORDS =
  'S 1645 1671 1671 0 -1 4194560 3905 0 7 0 7 2 0 0 30 10 4 0 990000 243916800 3081 18446744073709551615 4321280 7154137 140731825447264 0 0 0 2147221247';

interface FakeProcess {
  readonly numbers: string;
  readonly parent: number;
  readonly command?: string;
  readonly flags?: number;
  readonly cgroup?: string;
  readonly addresses?: readonly [number, number];
}

function processIs(pid: number, { numbers, parent, command = 'sh', flags = 0x400040, ...more }: FakeProcess): void {
  const directory = join(proc(), String(pid));
  mkdirSync(directory, { recursive: true });
  const words = WORDS.split(' ');
  words[1] = String(parent);
  words[6] = String(flags);
  if (more.addresses !== undefined) {
    words[23] = String(more.addresses[0]);
    words[25] = String(more.addresses[1]);
  }
  writeFileSync(join(directory, 'stat'), `${pid} (${command}) ${words.join(' ')}\n`, 'latin1');
  writeFileSync(join(directory, 'status'), `Name:\tsh\nNSpid:\t${numbers}\nNSpgid:\t1\n`);
  writeFileSync(join(directory, 'cgroup'), `6:freezer:${more.cgroup ?? '/docker/c'}\n`);
}

beforeEach(() => {
  // Booted 10 000 s ago; the processes began 9 900 s after that.
  writeFileSync(join(proc(), 'uptime'), '10000.00 5000.00\n');
  processIs(500, { numbers: '500\t1', parent: 400 });
});

const look = (): ReturnType<typeof runningProcesses> => runningProcesses(500, () => NOW_MS, proc());

test('the processes of a container by its own numbers, the first one first', async () => {
  processIs(7, { numbers: '7\t30', parent: 500, command: 'odd) S (name', flags: 0x400000 });
  processIs(501, { numbers: '501\t8', parent: 7 });
  processIs(502, { numbers: '502\t9\t1', parent: 501 });
  processIs(503, { numbers: '503\t10', parent: 400 });
  processIs(600, { numbers: '600\t1', parent: 400, cgroup: '/docker/other' });
  expect((await look()).map(({ pid, ppid, command, executed }) => [pid, ppid, command, executed])).toEqual([
    [1, 0, 'sh', false],
    [30, 1, 'odd) S (name', true],
    [8, 30, 'sh', false],
    // In a PID namespace of its own, below the container's; and one of `docker exec`, whose parent is outside.
    [9, 8, 'sh', false],
    [10, 0, 'sh', false],
  ]);
});

test('with threads, start and addresses', async () => {
  expect(await look()).toEqual([
    {
      ...{ pid: 1, ppid: 0, command: 'sh', threads: 4, executed: false, startedMs: NOW_MS - 100_000 },
      addresses: { code: 4321280, stack: 140731825447264 },
    },
  ]);
});

test('addresses that the kernel does not tell are none', async () => {
  processIs(500, { numbers: '500\t1', parent: 400, addresses: [1, 0] });
  expect((await look()).map(({ addresses }) => addresses)).toEqual([undefined]);
});

test('one that is about to go is left out', async () => {
  processIs(501, { numbers: '501\t8', parent: 500 });
  writeFileSync(join(proc(), '501/status'), 'Name:\tsh\n');
  expect((await look()).map(({ pid }) => pid)).toEqual([1]);
});

test('a container whose first process is gone has none', async () => {
  await expect(runningProcesses(499, () => NOW_MS, proc())).rejects.toMatchObject({
    reason: 'ContainerProcessesUnknown',
  });
});

test('a name is any bytes', async () => {
  const command = '\u0000\u00ff\n)';
  processIs(500, { numbers: '500\t1', parent: 400, command });
  expect((await look()).map((one) => one.command)).toEqual([command]);
});

test('a start is told rightly although the look at the clocks was interrupted for long', async () => {
  // What the clock says before and after the uptime is read: the first time three seconds lie in between.
  const times = [NOW_MS - 3_000, NOW_MS, NOW_MS, NOW_MS];
  const [first] = await runningProcesses(500, () => times.shift() ?? NaN, proc());
  expect(first?.startedMs).toBe(NOW_MS - 100_000);
});

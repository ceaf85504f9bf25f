/** `docker logs` after a move is what it was before, and goes on. */
import { expectUnbroken } from '../lib/counter';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { NodeName } from '../lib/lab-docker';
import { migrateHeld } from '../lib/held-migration';
import { deleteMigrations, getMigration, migrateWell, otherNode } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-logs';
const IMAGE = 'transship-lab/busybox:1';
/** As fast as it can up to 1500, then twenty a second: with little room for its log all of that is rotated away and kept in part. */
const QUICK_THEN_SLOW = 'i=0; while :; do i=$((i+1)); echo $i; [ $i -lt 1500 ] || usleep 50000; done';

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME);
};
beforeEach(clean);
afterAll(clean);

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean);
/** The lines of the log, each with the time at which it was written. */
const logOf = (node: NodeName, ...options: string[]): string[] =>
  linesOf(docker(node, 'logs', '--timestamps', ...options, NAME));
const numbersOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(' ')[1] ?? '');
/** The numbers that follow the first one, as many as there are lines. */
const countedOn = (lines: readonly string[]): string[] => {
  const first = Number(numbersOf(lines)[0]);
  return lines.map((_line, index) => String(first + index));
};

interface Case {
  readonly what: string;
  readonly options: readonly string[];
  /** Lines that are certainly kept: all but those of one file. */
  readonly kept: number;
  /** Docker's files of the log, below the container's directory. */
  readonly files: RegExp;
}

const SMALL = ['--log-opt', 'max-size=20k', '--log-opt', 'max-file=3'];
const CASES: Case[] = [
  { what: 'json-file', options: [], kept: 1500, files: /-json\.log$/ },
  { what: 'json-file, rotated', options: SMALL, kept: 400, files: /-json\.log\.2$/m },
  {
    what: 'json-file, rotated and compressed',
    options: [...SMALL, '--log-opt', 'compress=true'],
    kept: 400,
    files: /-json\.log\.2\.gz$/m,
  },
  { what: 'local', options: ['--log-driver', 'local'], kept: 1500, files: /container\.log$/ },
  {
    what: 'local, rotated and compressed',
    options: ['--log-driver', 'local', ...SMALL],
    kept: 400,
    files: /container\.log\.2\.gz$/m,
  },
];

test.each(CASES)('$what: forth and back, no line missing, none doubled', async ({ what, options, kept, files }) => {
  docker('node-a', 'run', '-d', '--name', NAME, ...options, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
  await sleep(2_000);
  for (const from of ['node-a', 'node-b'] as const) {
    const to = otherNode(from);
    const before = logOf(from);
    await migrateWell({ name: `logs-${what.replace(/\W+/g, '-')}-${from}`, container: NAME, from, to });
    await sleep(500);
    const after = logOf(to);
    expect(numbersOf(after)).toEqual(countedOn(after));
    expect(Number(numbersOf(after).at(-1))).toBeGreaterThan(Number(numbersOf(before).at(-1)));
    // The same lines with the same times, as long as they were not rotated away since.
    expect(after).toEqual(expect.arrayContaining(before.slice(-kept)));
    const middle = before.at(-20)?.split(' ') ?? [];
    expect(numbersOf(logOf(to, '--since', middle[0] ?? ''))[0]).toBe(middle[1]);
    expect(logOf(to, '--tail', '300').length).toBe(300);
    const tail = logOf(to, '--tail', '300');
    expect(numbersOf(tail)).toEqual(countedOn(tail));
    const id = docker(to, 'inspect', '--format', '{{.Id}}', NAME);
    const found = onNode(
      to,
      'cd "/var/lib/docker/containers/$1"; find . -name "*.log*" -printf "%m %u %f\\n" | sort',
      id,
    );
    expect(found).toMatch(files);
    for (const line of linesOf(found)) expect(line).toMatch(/^640 root /);
  }
});

test('from the first line on, when nothing was rotated away', async () => {
  docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
  await sleep(1_000);
  await migrateWell({ name: 'logs-whole', container: NAME, from: 'node-a', to: 'node-b' });
  expectUnbroken(linesOf(docker('node-b', 'logs', NAME)), 1500);
});

test('of a container that writes as fast as it can', async () => {
  const script = 'i=0; while :; do i=$((i+1)); echo $i; done';
  docker('node-a', 'run', '-d', '--name', NAME, '--cpus', '0.3', IMAGE, 'sh', '-c', script);
  await sleep(1_000);
  await migrateWell({ name: 'logs-flood', container: NAME, from: 'node-a', to: 'node-b' });
  expectUnbroken(linesOf(docker('node-b', 'logs', NAME)), 1000);
});

test('of a container that writes as fast as it can, rotated between what is copied before the freeze and the rest', async () => {
  const script = 'i=0; while :; do i=$((i+1)); echo $i; done';
  docker('node-a', 'run', '-d', '--name', NAME, '--cpus', '0.3', ...SMALL, IMAGE, 'sh', '-c', script);
  await sleep(1_000);
  await migrateHeld({ name: 'logs-rotated', container: NAME }, 'published', () => undefined);
  expect(getMigration('logs-rotated').status.phase).toBe('Succeeded');
  const after = logOf('node-b');
  expect(after.length).toBeGreaterThan(400);
  expect(numbersOf(after)).toEqual(countedOn(after));
});

test('that is left behind by spec.logs: Skip begins at the move', async () => {
  docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
  await sleep(1_000);
  const manifest = { name: 'logs-skipped', container: NAME, from: 'node-a', to: 'node-b' };
  const spec = { logs: 'Skip', afterSuccess: 'Keep', retainCheckpoint: 'Always' };
  const { status } = await migrateWell({ ...manifest, spec });
  expect(status.source?.checks).toContainEqual(expect.objectContaining({ reason: 'LogsNotCarried', blocking: false }));
  await sleep(500);
  const [before, after] = [numbersOf(logOf('node-a')), numbersOf(logOf('node-b'))];
  expectUnbroken(before, 1500);
  expect(after[0]).toBe(String(before.length + 1));
  const onVolume = onNode('node-a', 'ls "/mnt/transship/$1"', status.checkpoint?.path ?? '');
  expect(linesOf(onVolume)).toContain('images');
  expect(linesOf(onVolume)).not.toContain('logs');
});

test('a log that another driver keeps stays behind, and the migration says so', async () => {
  docker('node-a', 'run', '-d', '--name', NAME, '--log-driver', 'syslog', ...syslog(), IMAGE, 'sleep', '100000');
  const { status } = await migrateWell({ name: 'logs-elsewhere', container: NAME, from: 'node-a', to: 'node-b' });
  expect(status.source?.checks).toContainEqual(expect.objectContaining({ reason: 'LogsNotCarried', blocking: false }));
});

/** Datagrams to a port where nobody listens: that is all the driver asks for. */
function syslog(): string[] {
  return ['--log-opt', 'syslog-address=udp://127.0.0.1:5514'];
}

// With Skip it is in no checkpoint, and comes from the original's own files.
test.each(['Carry', 'Skip'])(
  'an original that died frozen has its whole log when it was woken up, with spec.logs: %s',
  async (policy) => {
    docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
    await sleep(1_000);
    const before = logOf('node-a');
    const original = docker('node-a', 'inspect', '--format', '{{.Id}}', NAME);
    const name = `logs-restored-${policy.toLowerCase()}`;
    await migrateHeld({ name, container: NAME, spec: { logs: policy } }, 'published', () => {
      mustRun('lab/service', ['kill', 'dockerd@node-a']);
      mustRun('kubectl', ['patch', 'cmig', name, '--type', 'merge', '--patch', '{"spec":{"cancel":true}}']);
      mustRun('lab/service', ['start', 'dockerd@node-a']);
    });
    const { status } = getMigration(name);
    expect(status.phase).toBe('RolledBack');
    expect(status.source?.restoredContainerID).toBeDefined();
    expect(docker('node-a', 'inspect', '--format', '{{.Id}}', NAME)).not.toBe(original);
    expect(stateOf('node-a', NAME)).toBe('running');
    await sleep(500);
    const after = logOf('node-a');
    expect(after.slice(0, before.length)).toEqual(before);
    expectUnbroken(numbersOf(after), before.length + 5);
  },
);

/** `docker logs` after a move is what it was before, and goes on. */
import { isFinal } from '../../src/api/types';
import { expectUnbroken } from '../lib/counter';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { NodeName } from '../lib/lab-docker';
import { migrateHeld } from '../lib/held-migration';
import { apply, deleteMigrations, getMigration, migrateWell, otherNode, until } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-logs';
const IMAGE = 'transship-lab/busybox:1';
/** As fast as it can up to 1500, then twenty a second: with little room for its log all of that is rotated away and kept in part. */
const QUICK_THEN_SLOW = 'i=0; while :; do i=$((i+1)); echo $i; [ $i -lt 1500 ] || usleep 50000; done';

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME, ...CASES.map(nameOf));
};
afterAll(clean);

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean);
/** The lines of the log, each with the time at which it was written. */
const logOf = (node: NodeName, name: string, ...options: string[]): string[] =>
  linesOf(docker(node, 'logs', '--timestamps', ...options, name));
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

const nameOf = ({ what }: Case): string => `${NAME}-${what.replace(/\W+/g, '-')}`;

// All of them at once: most of a move is waiting.
describe.each(['node-a', 'node-b'] as const)('from %s to the other node', (from) => {
  const to = otherNode(from);
  const before = new Map<Case, string[]>();

  beforeAll(async () => {
    if (from === 'node-a') {
      clean();
      for (const one of CASES) {
        docker('node-a', 'run', '-d', '--name', nameOf(one), ...one.options, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
      }
      await sleep(2_000);
    }
    for (const one of CASES) before.set(one, logOf(from, nameOf(one)));
    const manifests = CASES.map((one) => ({ name: `${nameOf(one)}-${from}`, container: nameOf(one), from, to }));
    apply(...manifests);
    for (const { name } of manifests) await until(name, 'end', isFinal);
    await sleep(500);
  });

  test.each(CASES)('$what: no line missing, none doubled', (one) => {
    const name = nameOf(one);
    expect(getMigration(`${name}-${from}`).status.phase).toBe('Succeeded');
    const [written = [], after] = [before.get(one), logOf(to, name)];
    expect(numbersOf(after)).toEqual(countedOn(after));
    expect(Number(numbersOf(after).at(-1))).toBeGreaterThan(Number(numbersOf(written).at(-1)));
    // The same lines with the same times, as long as they were not rotated away since.
    expect(after).toEqual(expect.arrayContaining(written.slice(-one.kept)));
    const middle = written.at(-20)?.split(' ') ?? [];
    expect(numbersOf(logOf(to, name, '--since', middle[0] ?? ''))[0]).toBe(middle[1]);
    const tail = logOf(to, name, '--tail', '300');
    expect(tail.length).toBe(300);
    expect(numbersOf(tail)).toEqual(countedOn(tail));
    const id = docker(to, 'inspect', '--format', '{{.Id}}', name);
    const found = onNode(
      to,
      'cd "/var/lib/docker/containers/$1"; find . -name "*.log*" -printf "%m %u %f\\n" | sort',
      id,
    );
    expect(found).toMatch(one.files);
    for (const line of linesOf(found)) expect(line).toMatch(/^640 root /);
  });
});

describe('of one container', () => {
  beforeEach(clean);

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
    const after = logOf('node-b', NAME);
    expect(after.length).toBeGreaterThan(400);
    expect(numbersOf(after)).toEqual(countedOn(after));
  });

  test('that is left behind by spec.logs: Skip begins at the move', async () => {
    docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
    await sleep(1_000);
    const manifest = { name: 'logs-skipped', container: NAME, from: 'node-a', to: 'node-b' };
    const spec = { logs: 'Skip', afterSuccess: 'Keep', retainCheckpoint: 'Always' };
    const { status } = await migrateWell({ ...manifest, spec });
    expect(status.source?.checks).toContainEqual(
      expect.objectContaining({ reason: 'LogsNotCarried', blocking: false }),
    );
    await sleep(500);
    const [before, after] = [numbersOf(logOf('node-a', NAME)), numbersOf(logOf('node-b', NAME))];
    expectUnbroken(before, 1500);
    expect(after[0]).toBe(String(before.length + 1));
    const onVolume = onNode('node-a', 'ls "/mnt/transship/$1"', status.checkpoint?.path ?? '');
    expect(linesOf(onVolume)).toContain('images');
    expect(linesOf(onVolume)).not.toContain('logs');
  });

  test('a log that another driver keeps stays behind, and the migration says so', async () => {
    docker('node-a', 'run', '-d', '--name', NAME, '--log-driver', 'syslog', ...syslog(), IMAGE, 'sleep', '100000');
    const { status } = await migrateWell({ name: 'logs-elsewhere', container: NAME, from: 'node-a', to: 'node-b' });
    expect(status.source?.checks).toContainEqual(
      expect.objectContaining({ reason: 'LogsNotCarried', blocking: false }),
    );
  });

  // With Skip it is in no checkpoint, and comes from the original's own files.
  test.each(['Carry', 'Skip'])(
    'an original that died frozen has its whole log when it was woken up, with spec.logs: %s',
    async (policy) => {
      docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', QUICK_THEN_SLOW);
      await sleep(1_000);
      const before = logOf('node-a', NAME);
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
      const after = logOf('node-a', NAME);
      expect(after.slice(0, before.length)).toEqual(before);
      expectUnbroken(numbersOf(after), before.length + 5);
    },
  );
});

/** Datagrams to a port where nobody listens: that is all the driver asks for. */
function syslog(): string[] {
  return ['--log-opt', 'syslog-address=udp://127.0.0.1:5514'];
}

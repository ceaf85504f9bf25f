/** What the preflight finds on real nodes, what it predicts, and that it touches nothing. */
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { deleteMigrations, migrate, migrateWell } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { mustRun, run } from '../lib/lab-tools';
import { poll } from '../lib/waiting';
import { parseDuration } from '../../src/protocol/duration';

const CONTAINERS = ['look-at-me', 'look-heavy', 'look-holder', 'look-terminal'];
const BUSYBOX = ['transship-lab/busybox:1', 'sleep', '100000'];
const PORT = 18099;
const MIB = 1024 * 1024;

/** Holds 50 MiB that do not compress, and says so. */
const HEAVY = `
import os, time
held = os.urandom(50 * 1024 * 1024)
print("ready", flush=True)
while True: time.sleep(1)
`;

function clean(): void {
  deleteMigrations();
  removeContainers(...CONTAINERS);
}

const inspect = (name: string): string => docker('node-a', 'inspect', name);
/** Everything on the volume but what a measurement leaves and takes away again. */
const volume = (): string =>
  onNode('node-a', 'cd /mnt/transship; find . -mindepth 1 -not -path "./.transship/*" | sort');
const looks = (name: string, more: Partial<MigrationManifest> = {}): MigrationManifest => ({
  name,
  container: 'look-at-me',
  from: 'node-a',
  to: 'node-b',
  ...more,
});

beforeAll(() => {
  clean();
  docker('node-a', 'run', '-d', '--restart', 'always', '-p', `${PORT}:80`, '--name', 'look-at-me', ...BUSYBOX);
});
afterAll(clean);

test('spec.mode Preflight says what a move would cost, and leaves everything as it is', async () => {
  const before = { container: inspect('look-at-me'), volume: volume() };
  const { status } = await migrate(looks('look-only', { spec: { mode: 'Preflight' } }));
  expect({ phase: status.phase, reason: status.reason }).toEqual({ phase: 'Checked', reason: 'PreflightPassed' });
  expect({ container: inspect('look-at-me'), volume: volume() }).toEqual(before);
  expect(stateOf('node-b', 'look-at-me')).toBeUndefined();
  expect(onNode('node-a', 'find /mnt/transship/.transship -path "*/speed/*"')).toBe('');

  expect(status.estimate?.checkpointBytes).toBeGreaterThan(100 * 1024);
  expect(parseDuration(status.estimate?.downtime ?? '')).toBeGreaterThan(100);
  expect(status.source?.node?.cpuFeatures).toContain('sse2');
  expect(status.target?.node).toMatchObject({ machine: 'x86_64', criu: expect.stringMatching(/^\d+\.\d+/) as string });
  expect([...(status.source?.checks ?? []), ...(status.target?.checks ?? [])]).toEqual([]);

  const conditions = Object.fromEntries((status.conditions ?? []).map(({ type, status: is }) => [type, is]));
  expect(conditions).toMatchObject({ PreflightPassed: 'True', Prepared: 'Unknown', Restored: 'Unknown' });
  for (const absent of ['Ready', 'Reconciling', 'Stalled']) expect(conditions).not.toHaveProperty(absent);
  const args = ['wait', '--for=condition=PreflightPassed', '--timeout=5s', 'cmig/look-only'];
  expect(mustRun('kubectl', args)).toContain('condition met');
});

test('what has only looked never moves anything, whatever is written to it afterwards', () => {
  const patch = ['patch', 'cmig', 'look-only', '--type', 'merge', '--patch', '{"spec":{"mode":"Migrate"}}'];
  const { code, stderr } = run('kubectl', patch);
  if (code !== 0) expect(stderr).toContain('cannot be changed');
  expect(mustRun('kubectl', ['get', 'cmig', 'look-only', '-o', 'jsonpath={.status.phase}'])).toBe('Checked');
  expect(stateOf('node-a', 'look-at-me')).toBe('running');
  expect(stateOf('node-b', 'look-at-me')).toBeUndefined();
});

async function refusedFor(reason: string, message: RegExp, manifest: MigrationManifest): Promise<void> {
  const before = { container: inspect(manifest.container), volume: volume() };
  const { status } = await migrate(manifest);
  expect({ phase: status.phase, reason: status.reason }).toEqual({ phase: 'Failed', reason });
  expect(status.message).toMatch(message);
  expect({ container: inspect(manifest.container), volume: volume() }).toEqual(before);
}

test('a published port that a container of the target has', async () => {
  docker('node-b', 'run', '-d', '-p', `${PORT}:80`, '--name', 'look-holder', ...BUSYBOX);
  try {
    await refusedFor('PortTaken', /node-b: .*18099\/tcp by container look-holder/, looks('look-port-container'));
  } finally {
    docker('node-b', 'rm', '-f', 'look-holder');
  }
});

test('a published port on which a program of the target listens', async () => {
  const listen = `import socket, time; held = socket.create_server(("", ${PORT})); time.sleep(100000)`;
  const python = ['transship-lab/python:1', 'python3', '-c', listen];
  docker('node-b', 'run', '-d', '--network', 'host', '--name', 'look-holder', ...python);
  try {
    const hex = PORT.toString(16).toUpperCase();
    await poll('a program that listens', () =>
      onNode('node-b', 'cat /proc/net/tcp /proc/net/tcp6').includes(`:${hex} `),
    );
    await refusedFor('PortTaken', /18099\/tcp by a program that listens/, looks('look-port-program'));
  } finally {
    docker('node-b', 'rm', '-f', 'look-holder');
  }
});

test('a downtime that is longer than its owner accepts, with both figures', () =>
  refusedFor(
    'DowntimeTooLong',
    /predicted downtime is \d+ms, and spec\.maxDowntime is 1ms/,
    looks('look-too-long', {
      spec: { maxDowntime: '1ms' },
    }),
  ));

test('a process that does not run as root, where the node keeps CAP_SYS_RESOURCE from everybody', async () => {
  docker('node-a', 'run', '-d', '-t', '-i', '--user', '1000', '--name', 'look-terminal', ...BUSYBOX);
  const bounding = BigInt(`0x${onNode('node-a', "sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status")}`);
  const permitted = ((bounding >> 24n) & 1n) === 1n;
  const { status } = await migrate(looks('look-user', { container: 'look-terminal', spec: { mode: 'Preflight' } }));
  expect(status.source?.checks).toContainEqual(
    expect.objectContaining({ reason: 'TerminalDetached', blocking: false }),
  );
  expect(status.reason).toBe(permitted ? 'PreflightPassed' : 'NotPermitted');
});

test('what was predicted of a container with 50 MiB is near to what came of it', async () => {
  docker('node-a', 'run', '-d', '--name', 'look-heavy', 'transship-lab/python:1', 'python3', '-c', HEAVY);
  await poll('the memory', () => docker('node-a', 'logs', 'look-heavy').includes('ready'));
  const { status } = await migrateWell(looks('look-heavy', { container: 'look-heavy' }));
  const predicted = status.estimate?.checkpointBytes ?? 0;
  const real = status.checkpoint?.sizeBytes ?? 0;
  const { downtime = '?' } = status.estimate ?? {};
  const { frozen = '?' } = status.downtime ?? {};
  const { writeBytesPerSecond = 0 } = status.source?.estimate ?? {};
  const { readBytesPerSecond = 0 } = status.target?.estimate ?? {};
  process.stderr.write(
    `    50 MiB: ${status.estimate?.size ?? '?'} and ${downtime} predicted, ${status.checkpoint?.size ?? '?'} and ${frozen} measured; ` +
      `volume ${Math.round(writeBytesPerSecond / MIB)} MiB/s written, ${Math.round(readBytesPerSecond / MIB)} MiB/s read\n`,
  );
  expect(real).toBeGreaterThan(50 * MIB);
  expect(predicted / real).toBeGreaterThan(1 / 3);
  expect(predicted / real).toBeLessThan(3);
  expect(parseDuration(downtime) / parseDuration(frozen)).toBeGreaterThan(1 / 5);
  expect(parseDuration(downtime) / parseDuration(frozen)).toBeLessThan(5);
});

test('the container that was looked at all the time can be moved, within the downtime that its owner accepts', async () => {
  const { status } = await migrateWell(looks('look-no-more', { spec: { maxDowntime: '30s' } }));
  expect(status.estimate).toBeDefined();
  expect(stateOf('node-b', 'look-at-me')).toBe('running');
  expect(stateOf('node-a', 'look-at-me')).toBeUndefined();
});

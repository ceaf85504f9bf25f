/** The driver alone: freeze on one real node, wake up on another, and what goes wrong in between. */
import { mkdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver, DriverContainer, Woken } from '../../src/driver/driver';
import type { TcpConnection } from '../../src/driver/processes';
import { bigCounterProgram, counterScript, expectUnbroken } from '../lib/counter';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import { labEnvironment, mustRun, run } from '../lib/lab-tools';
import { NodeProgram } from '../lib/node-program';
import { sleep } from '../lib/waiting';

jest.setTimeout(60_000);

const UID = '11111111-2222-4333-8444-555555555555';
const NAME = 'e2e-driver';
const COUNTER = counterScript(10_000);
/** A dump of it takes long enough to be interrupted. */
const BIG = bigCounterProgram(200);

interface Answer {
  readonly value?: unknown;
  readonly error?: { readonly reason: string; readonly message: string; readonly logTail?: string };
}

interface InspectAnswer {
  readonly Id: string;
  readonly State: { readonly Pid: number };
  readonly HostConfig: { readonly Runtime: string; readonly Annotations?: Readonly<Record<string, string>> };
}

type CreateOptions = ReturnType<Driver['createOptions']>;

let program: NodeProgram;
let directory: string;
let checkpoint: { images: string; work: string };

beforeAll(() => {
  program = new NodeProgram('test/lib/driver-program.ts');
});

afterAll(() => {
  program.remove();
});

beforeEach(() => {
  directory = join(labEnvironment()['LAB_DIR'] ?? '', 'shared/e2e-driver');
  mkdirSync(directory, { recursive: true });
  checkpoint = { images: '/mnt/transship/e2e-driver/images', work: '/mnt/transship/e2e-driver/work' };
});

const made: [NodeName, string][] = [];
afterEach(() => {
  removeContainers(NAME);
  for (const [node, id] of made.splice(0)) call(node, 'forget', id, UID);
  rmSync(directory, { recursive: true, force: true });
});

function call(node: NodeName, method: string, ...args: unknown[]): Answer {
  return program.run(node, [method, ...args]) as Answer;
}

function must(node: NodeName, method: string, ...args: unknown[]): unknown {
  const { value, error } = call(node, method, ...args);
  if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
  return value;
}

function start(image: 'busybox' | 'python', ...command: string[]): DriverContainer {
  docker('node-a', 'run', '-d', '--name', NAME, `transship-lab/${image}:1`, ...command);
  return describeContainer('node-a');
}

/** As the Engine interface describes a container, as far as the driver looks. */
function describeContainer(node: NodeName): DriverContainer {
  const { Id, State, HostConfig } = JSON.parse(docker(node, 'inspect', '-f', '{{json .}}', NAME)) as InspectAnswer;
  return { id: Id, pid: State.Pid, runtime: HostConfig.Runtime, annotations: HostConfig.Annotations ?? {} };
}

/** A container on node-b that the driver can wake up; its id. */
function createTarget(...command: string[]): string {
  const { runtime, annotations } = must('node-b', 'createOptions', UID) as CreateOptions;
  const words = Object.entries(annotations).flatMap(([key, value]) => ['--annotation', `${key}=${value}`]);
  const id = docker('node-b', 'create', '--name', NAME, '--runtime', runtime, ...words, ...command);
  made.push(['node-b', id]);
  return id;
}

function numbers(node: NodeName): string[] {
  return docker(node, 'logs', NAME).split('\n');
}

const COUNTER_COMMAND = ['transship-lab/busybox:1', 'sh', '-c', COUNTER];

async function frozenCounter(): Promise<DriverContainer> {
  const container = start('busybox', 'sh', '-c', COUNTER);
  await sleep(300);
  docker('node-a', 'pause', NAME);
  must('node-a', 'dump', container, checkpoint, { timeoutMs: 20_000 });
  return container;
}

/** Command lines, of the host and of every node, with this word in them. */
function processesOnHost(word: string): string[] {
  return mustRun('ps', ['-eo', 'args'])
    .split('\n')
    .filter((line) => line.split(' ').includes(word));
}

test('a container goes on on the other node where it was frozen, and nothing of it runs on here', async () => {
  const original = await frozenCounter();
  expect(stateOf('node-a', NAME)).toBe('paused');
  expect(statSync(join(directory, 'images')).mode & 0o777).toBe(0o700);
  const id = createTarget(...COUNTER_COMMAND);
  expect(must('node-b', 'wakeState', id)).toBe('none');
  must('node-b', 'arm', id, UID, checkpoint);
  expect(must('node-b', 'wakeState', id)).toBe('armed');

  const beforeMs = Date.now();
  const woken = must('node-b', 'wake', id, { timeoutMs: 20_000 }) as Woken;
  expect(Date.parse(woken.resumedAt)).toBeGreaterThan(beforeMs - 10);
  expect(Date.parse(woken.resumedAt)).toBeLessThan(Date.now());
  expect(woken.resumedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(woken.restoreMs).toBeGreaterThan(1);
  expect(must('node-b', 'wakeState', id)).toBe('resumed');
  // A restarted agent asks again.
  expect(must('node-b', 'wake', id, { timeoutMs: 20_000 })).toEqual(woken);
  must('node-b', 'forget', id, UID);

  must('node-a', 'killFrozen', original);
  docker('node-a', 'kill', NAME);
  await sleep(200);
  expectUnbroken([...numbers('node-a'), ...numbers('node-b')], 10);
  expect(numbers('node-b').length).toBeGreaterThan(5);
});

test('a container that was woken up here can be frozen here', async () => {
  await frozenCounter();
  const id = createTarget(...COUNTER_COMMAND);
  must('node-b', 'arm', id, UID, checkpoint);
  must('node-b', 'wake', id, { timeoutMs: 20_000 });
  docker('node-b', 'pause', NAME);
  must('node-b', 'dump', describeContainer('node-b'), checkpoint, { timeoutMs: 20_000 });
  must('node-b', 'abandonDump', describeContainer('node-b'));
  docker('node-b', 'unpause', NAME);
  const before = numbers('node-b').length;
  await sleep(200);
  expect(numbers('node-b').length).toBeGreaterThan(before);
});

test('after a good dump nothing runs on, whoever thaws the container, until it is let', async () => {
  await frozenCounter();
  docker('node-a', 'unpause', NAME);
  const frozen = numbers('node-a').length;
  await sleep(300);
  expect(numbers('node-a').length).toBe(frozen);
  must('node-a', 'letRun', describeContainer('node-a'));
  await sleep(300);
  expect(numbers('node-a').length).toBeGreaterThan(frozen);
});

test('a dump that takes too long is killed, and the container can be unpaused', async () => {
  const container = start('python', 'python3', '-c', BIG);
  await sleep(1_500);
  docker('node-a', 'pause', NAME);
  const before = docker('node-a', 'logs', NAME);
  const { error } = call('node-a', 'dump', container, checkpoint, { timeoutMs: 120 });
  expect(error).toMatchObject({ reason: 'CriuTimedOut' });
  expect(stateOf('node-a', NAME)).toBe('paused');
  await sleep(300);
  const lines = docker('node-a', 'logs', NAME).split('\n').length;
  await sleep(300);
  expect(docker('node-a', 'logs', NAME).split('\n')).toHaveLength(lines);
  docker('node-a', 'unpause', NAME);
  await sleep(300);
  expect(docker('node-a', 'logs', NAME).length).toBeGreaterThan(before.length);
});

test('an open connection is seen before the freeze, and refused by the dump', async () => {
  const container = start(
    'python',
    'python3',
    '-c',
    'import socket,time; s=socket.create_server(("127.0.0.1",8000)); c=socket.create_connection(("127.0.0.1",8000)); d=s.accept(); time.sleep(600)',
  );
  await sleep(800);
  const connections = must('node-a', 'connections', container) as TcpConnection[];
  expect(connections.map(({ state }) => state)).toEqual(['ESTAB', 'ESTAB']);
  expect(connections.flatMap(({ local, remote }) => [local, remote])).toContain('127.0.0.1:8000');
  docker('node-a', 'pause', NAME);
  const { error } = call('node-a', 'dump', container, checkpoint, { timeoutMs: 20_000 });
  expect(error?.reason).toBe('EstablishedConnections');
  expect(error?.logTail).toContain('Connected TCP socket');
  docker('node-a', 'unpause', NAME);
});

test('a restore that hangs is killed at the deadline; the same container wakes up from good images later', async () => {
  await frozenCounter();
  mustRun('cp', ['-a', join(directory, 'images'), join(directory, 'good')]);
  truncateSync(join(directory, 'images/pages-1.img'), 4096);
  const id = createTarget(...COUNTER_COMMAND);
  must('node-b', 'arm', id, UID, checkpoint);
  const startedMs = Date.now();
  const { error } = call('node-b', 'wake', id, { timeoutMs: 3_000 });
  expect(error?.reason).toBe('WakeTimedOut');
  expect(Date.now() - startedMs).toBeLessThan(8_000);
  expect(must('node-b', 'wakeState', id)).toBe('failed');
  expect(stateOf('node-b', NAME)).toBe('created');

  must('node-b', 'arm', id, UID, { ...checkpoint, images: '/mnt/transship/e2e-driver/good' });
  must('node-b', 'wake', id, { timeoutMs: 20_000 });
  expect(stateOf('node-b', NAME)).toBe('running');
});

test('an agent that crashes in the middle of a dump dumps again when it is back', async () => {
  const container = start('python', 'python3', '-c', BIG);
  await sleep(1_500);
  docker('node-a', 'pause', NAME);
  const dump = ['dump', container, checkpoint, { timeoutMs: 20_000 }];
  // Not the moment before, in which runc is asked for its options.
  const dumping = (): string[] => processesOnHost('checkpoint').filter((line) => !line.includes('--help'));
  await program.crash('node-a', dump, () => dumping().length > 0);
  expect(dumping()).toHaveLength(1);
  must('node-a', 'dump', container, checkpoint, { timeoutMs: 20_000 });
  expect(statSync(join(directory, 'images/inventory.img')).size).toBeGreaterThan(0);
  const lines = docker('node-a', 'logs', NAME).split('\n').length;
  await sleep(500);
  expect(docker('node-a', 'logs', NAME).split('\n')).toHaveLength(lines);
  expect(processesOnHost('checkpoint')).toEqual([]);
});

test('an agent that crashes while a restore hangs can give it up when it is back', async () => {
  await frozenCounter();
  truncateSync(join(directory, 'images/pages-1.img'), 4096);
  const id = createTarget(...COUNTER_COMMAND);
  must('node-b', 'arm', id, UID, checkpoint);
  const wake = ['wake', id, { timeoutMs: 60_000 }];
  await program.crash('node-b', wake, () => processesOnHost(id).some((line) => line.includes(' restore ')));
  await sleep(1_000);
  expect(must('node-b', 'wakeState', id)).toBe('restoring');
  must('node-b', 'disarm', id, UID);
  expect(must('node-b', 'wakeState', id)).toBe('none');
  docker('node-b', 'rm', '-f', NAME);
  expect(processesOnHost(id)).toEqual([]);
});

test('a container that was disarmed does not start, until it is forgotten', async () => {
  await frozenCounter();
  const id = createTarget(...COUNTER_COMMAND);
  expect(call('node-b', 'wake', id, { timeoutMs: 20_000 }).error?.reason).toBe('NotArmed');
  must('node-b', 'arm', id, UID, checkpoint);
  must('node-b', 'disarm', id, UID);
  expect(run('lab/node-exec', ['node-b', 'docker', 'start', NAME]).stderr).toContain('kept for a restore');
  must('node-b', 'forget', id, UID);
  docker('node-b', 'start', NAME);
  expect(numbers('node-b')[0]).toBe('1');
});

test('stopped processes are seen', async () => {
  const container = start('busybox', 'sh', '-c', 'sleep 600 & kill -STOP $!; wait');
  await sleep(300);
  expect(must('node-a', 'stopped', container)).toHaveLength(1);
});

test('a node without the wrapper says how to add it; one with it has no findings', () => {
  const container = start('busybox', 'sleep', '600');
  expect(must('node-a', 'checkFreeze', container)).toEqual([]);
  const runtimes = { transship: { path: '/opt/transship/oci/transship-runc' } };
  expect(must('node-a', 'checkWake', { runtimes })).toEqual([]);
  expect(must('node-a', 'checkWake', { runtimes: {} })).toEqual([
    {
      reason: 'RestoreRuntimeMissing',
      message: expect.stringContaining('"runtimes":{"transship"') as string,
      blocking: true,
    },
  ]);
  expect(must('node-a', 'probeCriu')).toMatchObject({ ok: true });
});

/** Driver docker alone, where CRIU hangs in a restore: it spins on images that were cut short (seen with CRIU 4.2.1). */
import { mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver, DriverContainer } from '../../src/driver/driver';
import { counterScript, expectUnbroken } from '../lib/counter';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import { onNode } from '../lib/lab-node';
import { labEnvironment, mustRun } from '../lib/lab-tools';
import { NodeProgram } from '../lib/node-program';
import { poll, sleep } from '../lib/waiting';

jest.setTimeout(60_000);

const UID = '11111111-2222-4333-8444-666666666666';
const NAME = 'e2e-docker-alone';
/** What every Docker can restore. */
const COMMAND = ['--network', 'host', 'transship-lab/busybox:1', 'sh', '-c', counterScript(10_000)];

interface Answer {
  readonly value?: unknown;
  readonly error?: { readonly reason: string; readonly message: string };
}

let program: NodeProgram;
let directory: string;
const checkpoint = { images: '/mnt/transship/e2e-docker-alone/images', work: '/mnt/transship/e2e-docker-alone/work' };

beforeAll(() => {
  program = new NodeProgram('test/lib/driver-program.ts');
});

afterAll(() => {
  program.remove();
});

beforeEach(() => {
  directory = join(labEnvironment()['LAB_DIR'] ?? '', 'shared/e2e-docker-alone');
  mkdirSync(directory, { recursive: true });
});

let woken: string | undefined;
afterEach(() => {
  // Before the container is gone: by its own copy the driver knows those in /tmp.
  if (woken !== undefined) call('node-b', 'forget', woken, UID);
  woken = undefined;
  removeContainers(NAME);
  // Never through what a killed CRIU has left mounted.
  mustRun('rm', ['--recursive', '--force', '--one-file-system', directory]);
});

function call(node: NodeName, method: string, ...args: unknown[]): Answer {
  return program.run(node, [`docker.${method}`, ...args]) as Answer;
}

function must(node: NodeName, method: string, ...args: unknown[]): unknown {
  const { value, error } = call(node, method, ...args);
  if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
  return value;
}

/** Frozen on node-a, with good images in `good`; those of the checkpoint end in the middle. */
async function frozen(): Promise<void> {
  const id = docker('node-a', 'run', '-d', '--name', NAME, ...COMMAND);
  const pid = Number(docker('node-a', 'inspect', '--format', '{{.State.Pid}}', NAME));
  const container: DriverContainer = { id, pid, runtime: 'runc', annotations: {} };
  await poll('the counter to count', () => docker('node-a', 'logs', NAME).split('\n').length > 5);
  docker('node-a', 'pause', NAME);
  must('node-a', 'dump', container, checkpoint, { timeoutMs: 20_000 });
  mustRun('cp', ['-a', join(directory, 'images'), join(directory, 'good')]);
  truncateSync(join(directory, 'images/pages-1.img'), 4096);
}

/** A container on node-b that the driver can wake up, armed; its id. */
function armedTarget(): string {
  const { runtime, annotations } = must('node-b', 'createOptions', UID) as ReturnType<Driver['createOptions']>;
  const words = Object.entries(annotations).flatMap(([key, value]) => ['--annotation', `${key}=${value}`]);
  woken = docker('node-b', 'create', '--name', NAME, '--runtime', runtime, ...words, ...COMMAND);
  must('node-b', 'arm', woken, UID, checkpoint);
  return woken;
}

/** What Docker has left in /tmp, what a CRIU that was killed has mounted, and which processes have the container's name or are in its cgroup. */
const copies = (): string => onNode('node-b', 'ls -d /tmp/ctrd-checkpoint* 2>/dev/null || true');
const mounts = (): string => onNode('node-b', 'grep cgyard /proc/self/mountinfo || true');
const members = (id: string): string => onNode('node-b', 'grep -l "$1" /proc/[0-9]*/cgroup 2>/dev/null || true', id);

test('a restore that hangs is killed at the deadline; the same container wakes up from good images later', async () => {
  await frozen();
  const id = armedTarget();
  const startedMs = Date.now();
  expect(call('node-b', 'wake', id, { timeoutMs: 3_000 }).error?.reason).toBe('WakeTimedOut');
  expect(Date.now() - startedMs).toBeLessThan(8_000);
  expect(must('node-b', 'wakeState', id)).toBe('failed');
  expect([stateOf('node-b', NAME), members(id)]).toEqual(['created', '']);

  must('node-b', 'arm', id, UID, { ...checkpoint, images: checkpoint.images.replace('images', 'good') });
  expect(mounts()).toBe('');
  must('node-b', 'wake', id, { timeoutMs: 20_000 });
  const before = docker('node-a', 'logs', NAME).split('\n');
  await sleep(300);
  docker('node-b', 'pause', NAME);
  expectUnbroken([...before, ...docker('node-b', 'logs', NAME).split('\n')], 10);
  must('node-b', 'forget', id, UID);
  expect(copies()).toBe('');
});

test('an agent that crashes while a restore hangs can give it up when it is back', async () => {
  await frozen();
  const id = armedTarget();
  await program.crash('node-b', ['docker.wake', id, { timeoutMs: 60_000 }], () => members(id) !== '');
  await sleep(1_000);
  must('node-b', 'disarm', id, UID);
  expect(must('node-b', 'wakeState', id)).toBe('none');
  expect([mounts(), copies(), members(id), stateOf('node-b', NAME)]).toEqual(['', '', '', 'created']);
  docker('node-b', 'rm', '-f', NAME);
});

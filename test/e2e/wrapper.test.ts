/** The OCI runtime wrapper on its own: real dockerd, runc and criu of the lab, the agent's part played by the test. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterScript, expectUnbroken } from '../lib/counter';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import { inNode, onNode } from '../lib/lab-node';
import {
  checkInstalledWrapper,
  createTarget,
  freeze,
  idOf,
  killCgroup,
  Marker,
  removeTargetConfig,
  sharedDirectory,
  startInBackground,
} from '../lib/lab-restore';
import type { Outcome } from '../lib/lab-tools';
import { sleep } from '../lib/waiting';

const FROM: NodeName = 'node-a';
const TO: NodeName = 'node-b';
const NAME = 'e2e-wrapper';
const COUNTER = ['transship-lab/busybox:1', 'sh', '-c', counterScript(10_000)];
const TREE = ['transship-lab/busybox:1', 'sh', '-c', `${counterScript(10_000)} | while read n; do echo $n; done | cat`];
const shared = sharedDirectory(NAME);

jest.setTimeout(120_000);

beforeAll(checkInstalledWrapper);

let target: { id: string; marker: Marker } | undefined;

function cleanUp(): void {
  removeContainers(NAME);
  target?.marker.remove();
  removeTargetConfig(TO, NAME);
  sharedDirectory(NAME);
  target = undefined;
}
beforeEach(cleanUp);
afterAll(cleanUp);

/** A container that runs on FROM, frozen and dumped after a while, and its counterpart on TO, ready for `docker start`. */
async function readyToRestore(container: readonly string[]): Promise<{ id: string; marker: Marker }> {
  docker(FROM, 'run', '-d', '--name', NAME, ...container);
  await sleep(500);
  freeze(FROM, NAME, shared.inNodes);
  const id = createTarget(TO, NAME, ...container);
  target = { id, marker: new Marker(TO, id).prepare(shared.inNodes).arm() };
  return target;
}

const start = (): Outcome => inNode(TO, 'docker', 'start', NAME);
// A terminal ends its lines with a carriage return as well.
const numbers = (node: NodeName): string[] => docker(node, 'logs', NAME).split(/\r?\n/).filter(Boolean);
const pagesFile = (): string => join(shared.onHost, 'images/pages-1.img');

describe('a container that is not marked', () => {
  test('lives its whole life through the runtime', () => {
    docker(TO, 'run', '-d', '--name', NAME, '--runtime', 'transship', ...COUNTER);
    expect(docker(TO, 'exec', NAME, 'echo', 'hello')).toBe('hello');
    expect(docker(TO, 'top', NAME)).toContain('usleep');
    docker(TO, 'pause', NAME);
    expect(stateOf(TO, NAME)).toBe('paused');
    docker(TO, 'unpause', NAME);
    docker(TO, 'restart', '-t', '0', NAME);
    expect(stateOf(TO, NAME)).toBe('running');
    docker(TO, 'stop', '-t', '0', NAME);
    expect(stateOf(TO, NAME)).toBe('exited');
    docker(TO, 'start', NAME);
    docker(TO, 'kill', NAME);
    expect(docker(TO, 'inspect', '-f', '{{.State.ExitCode}}', NAME)).toBe('137');
    expect(numbers(TO).filter((number) => number === '1')).toHaveLength(3);
    docker(TO, 'rm', NAME);
    expect(stateOf(TO, NAME)).toBeUndefined();
  });

  test('gets the error of runc itself when it cannot start', () => {
    docker(TO, 'create', '--name', NAME, '--runtime', 'transship', 'transship-lab/busybox:1', '/no/such/program');
    expect(start().stderr).toContain('exec: "/no/such/program"');
  });
});

describe('a restore', () => {
  test('goes on where the original stopped, and Docker treats the container as any other', async () => {
    const { marker } = await readyToRestore(['--network', 'bridge', ...COUNTER]);
    const { code, stderr } = start();
    expect([code, stderr]).toEqual([0, '']);
    await sleep(300);
    expectUnbroken([...numbers(FROM), ...numbers(TO)], 10);
    expect(numbers(TO).length).toBeGreaterThan(5);
    expect(marker.states()).toEqual(['resumed']);
    expect(marker.read('work/wrapper.log')).toMatch(/^\S+Z restore of \S+: exit 0\n\S+Z resume of \S+: exit 0$/);

    expect(docker(TO, 'exec', NAME, 'cat', '/sys/class/net/eth0/operstate')).toBe('up');
    expect(docker(TO, 'top', NAME)).toContain('while');
    expect(docker(TO, 'stats', '--no-stream', '--format', '{{.PIDs}}', NAME)).toMatch(/^[1-9]/);
    docker(TO, 'update', '--memory', '64m', '--memory-swap', '64m', '--cpus', '0.5', NAME);
    const limits = 'cd /sys/fs/cgroup; cat memory/*/"$1"/memory.limit_in_bytes cpu/*/"$1"/cpu.cfs_quota_us';
    expect(onNode(TO, limits, idOf(TO, NAME))).toBe(`${64 << 20}\n50000`);
    docker(TO, 'pause', NAME);
    expect(stateOf(TO, NAME)).toBe('paused');
    docker(TO, 'unpause', NAME);
    expect(docker(TO, 'logs', '--tail', '1', NAME)).toMatch(/^\d+$/);
    docker(TO, 'restart', '-t', '0', NAME);
    expect(numbers(TO).filter((number) => number === '1')).toHaveLength(1);
    docker(TO, 'stop', '-t', '0', NAME);
    docker(TO, 'start', NAME);
    docker(TO, 'kill', NAME);
    docker(TO, 'rm', NAME);
  });

  test.each(['none', 'host'])('works with --network %s', async (network) => {
    await readyToRestore(['--network', network, ...COUNTER]);
    expect(start().stderr).toBe('');
    await sleep(200);
    expectUnbroken([...numbers(FROM), ...numbers(TO)], 10);
  });

  test.each(['-t', '-i', '-it'])('works with %s', async (option) => {
    await readyToRestore([option, ...COUNTER]);
    expect(start().stderr).toBe('');
    await sleep(200);
    expectUnbroken([...numbers(FROM), ...numbers(TO)], 10);
  });

  test('continues every process of a tree, and a health check finds it well', async () => {
    await readyToRestore(['--health-cmd', 'true', '--health-interval', '1s', ...TREE]);
    expect(start().stderr).toBe('');
    await sleep(2000);
    expectUnbroken([...numbers(FROM), ...numbers(TO)], 10);
    expect(docker(TO, 'exec', NAME, 'ps', '-o', 'stat')).not.toMatch(/^T /m);
    expect(docker(TO, 'inspect', '-f', '{{.State.Health.Status}}', NAME)).toBe('healthy');
  });
});

describe('a restore that fails', () => {
  test('says why, is not tried again nor replaced by a fresh start, and works once it is armed again', async () => {
    const { id, marker } = await readyToRestore(COUNTER);
    onNode(TO, 'mv "$1/inventory.img" "$1/hidden"', `${shared.inNodes}/images`);
    expect(start().stderr).toContain('criu failed');
    expect(marker.states()).toEqual(['failed']);
    expect(marker.read('work/runc.log')).toContain('criu failed');
    expect(inNode(TO, 'ls', `/run/docker/runtime-runc/moby/${id}`).code).not.toBe(0);

    expect(start().stderr).toContain('this container is kept for a restore (state: failed)');
    expect(numbers(TO)).toEqual([]);

    onNode(TO, 'mv "$1/hidden" "$1/inventory.img"', `${shared.inNodes}/images`);
    marker.arm();
    expect(start().stderr).toBe('');
    expect(marker.states()).toEqual(['resumed']);
  });

  test('is not replaced by a fresh start when the container is only prepared', async () => {
    const { marker } = await readyToRestore(COUNTER);
    onNode(TO, 'rm "/run/transship/restore/$1/armed"', idOf(TO, NAME));
    expect(start().stderr).toContain('this container is kept for a restore (state: unarmed)');
    expect(stateOf(TO, NAME)).toBe('created');
    marker.remove();
    expect(start().stderr).toBe('');
  });

  // criu never ends when pages are missing. Whoever dies, the files of the container must survive: a `runc delete` that
  // follows a killed `runc restore` would remove them through the bind mount that runc left.
  test.each([
    { victim: 'criu', left: ['failed'], shot: 'for p in $(below $(below $1)); do kill -9 $p; done' },
    { victim: 'runc', left: ['failed'], shot: 'kill -9 $(below $1)' },
    { victim: 'the wrapper', left: ['pid', 'restoring'], shot: 'kill -9 $1' },
  ])('survives that $victim is killed in the middle', async ({ shot, left }) => {
    const { id, marker } = await readyToRestore(COUNTER);
    const pages = readFileSync(pagesFile());
    truncateSync(pagesFile(), pages.length - 4096);
    const answer = startInBackground(TO, NAME);
    await sleep(1500);
    onNode(TO, `below() { cat /proc/$1/task/*/children; }; ${shot}`, marker.read('pid'));
    expect(await answer).toContain('OCI runtime create failed');
    expect(marker.states()).toEqual(left);
    expect(start().stderr).toContain('this container is kept for a restore');
    expect(numbers(TO)).toEqual([]);

    killCgroup(TO, id);
    writeFileSync(pagesFile(), pages);
    marker.arm();
    expect(start().stderr).toBe('');
    await sleep(200);
    expectUnbroken([...numbers(FROM), ...numbers(TO)], 10);
    expect(docker(TO, 'diff', NAME)).toBe('');
    expect(onNode(TO, 'grep -c -e criu-root -e cgyard /proc/self/mountinfo || :')).toBe('0');
  });
});

/** Containers move by Docker's own checkpoints, where the wrapper is not wanted or not there. */
import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { withBrokenCriu } from '../lib/broken-criu';
import { bigCounterProgram, counterScript, expectUnbroken } from '../lib/counter';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import type { NodeName } from '../lib/lab-docker';
import { apply, deleteMigrations, getMigration, migrate, migrateWell, report, until } from '../lib/lab-migration';
import { inNode, onNode } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { MigrationWatch } from '../lib/migration-watch';
import { poll, sleep } from '../lib/waiting';

const NAME = 'e2e-by-docker';
const NODES = ['node-a', 'node-b'] as const;
const CONFIG = '/etc/criu/runc.conf';
const BY_DOCKER = { driver: 'docker' };

/** Docker 27 and newer restore no other ones. */
const isOld = (): boolean => Number(docker('node-b', 'version', '--format', '{{.Server.Version}}').split('.')[0]) <= 26;
const network = (): string[] => (isOld() ? [] : ['--network', 'host']);

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME);
  for (const node of NODES) inNode(node, 'rm', '-f', CONFIG);
};
beforeEach(clean);
afterAll(clean);

/** Starts a counter on node-a and returns once it counts. */
async function startCounter(...command: string[]): Promise<LogFollower> {
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', ...network(), ...command);
  const follower = new LogFollower('node-a', NAME);
  await poll('the counter to count', () => follower.lines().length > 5);
  return follower;
}

const startSmall = (): Promise<LogFollower> =>
  startCounter('transship-lab/busybox:1', 'sh', '-c', counterScript(10_000));

/** What driver docker leaves on a node when it tidies up badly. */
function leftovers(node: NodeName): string {
  return onNode(
    node,
    'ls -d /tmp/ctrd-checkpoint* /etc/criu/.runc.conf* /run/transship/dump/* /run/transship/restore/* ' +
      '/run/transship/criu/* /var/lib/docker/containers/*/checkpoints/* 2>/dev/null || true',
  );
}

test('there and back again, and the configuration of the nodes is as it was', async () => {
  let follower = await startSmall();
  for (const node of NODES) onNode(node, 'mkdir -p /etc/criu; echo "# ours" > "$1"', CONFIG);
  for (const [from, to] of [
    ['node-a', 'node-b'],
    ['node-b', 'node-a'],
  ] as const) {
    const moved = await migrateWell({ name: `by-docker-${from}`, container: NAME, from, to, spec: BY_DOCKER });
    report('by docker', moved);
    const { source, target, decision } = moved.status;
    expect([source?.checkpoint?.driver, decision?.driver?.name]).toEqual(['docker', 'docker']);
    // Its child lives for some milliseconds only.
    expect(target?.restore?.found).toBeGreaterThanOrEqual(1);
    expect(target?.restore?.criu?.pagesRestored).toBeGreaterThan(0);
    const format = '{{.HostConfig.Runtime}} {{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}';
    expect(docker(to, 'inspect', '--format', format, NAME)).toBe('runc always 0');
    const seen = await follower.finish();
    expectUnbroken(seen, 1);
    follower = new LogFollower(to, NAME);
    await poll('the counter to count on', () => follower.lines().length > seen.length);
    expect(containerNames(from)).not.toContain(NAME);
  }
  for (const node of NODES) {
    expect(onNode(node, 'cat "$1"', CONFIG)).toBe('# ours');
    expect(leftovers(node)).toBe('');
  }
  expectUnbroken(await follower.finish(500), 20);
  // It is a container as any other: a restart begins anew.
  docker('node-a', 'restart', '--time', '0', NAME);
  await poll('the counter to begin anew', () =>
    docker('node-a', 'logs', '--tail', '50', NAME).split('\n').includes('1'),
  );
});

test('Auto takes docker when the target has no wrapper, and says why', async () => {
  const follower = await startSmall();
  onNode(
    'node-b',
    `cp /etc/docker/daemon.json /tmp/daemon.json; sed -i 's/"transship"/"elsewhere"/' /etc/docker/daemon.json`,
  );
  const knows = (): boolean => docker('node-b', 'info', '--format', '{{json .Runtimes}}').includes('"transship":');
  try {
    mustRun('lab/service', ['reload', 'dockerd@node-b']);
    await poll('Docker to forget the wrapper', () => !knows());
    const moved = await migrateWell({ name: 'by-auto', container: NAME, from: 'node-a', to: 'node-b' });
    expect(moved.status.decision?.driver).toMatchObject({
      name: 'docker',
      because: expect.stringMatching(/runc is not possible: node-b: .*"transship"/s) as string,
    });
    expectUnbroken(await follower.finish(), 1);
  } finally {
    onNode('node-b', 'mv /tmp/daemon.json /etc/docker/daemon.json');
    mustRun('lab/service', ['reload', 'dockerd@node-b']);
    await poll('Docker to know the wrapper', knows);
  }
});

test('Auto takes runc where both nodes can', async () => {
  await startSmall();
  const { decision, source } = (await migrateWell({ name: 'by-runc', container: NAME, from: 'node-a', to: 'node-b' }))
    .status;
  expect([decision?.driver?.name, source?.checkpoint?.driver]).toEqual(['runc', 'runc']);
});

test.each([
  { what: 'a network of its own', args: ['--network', 'bridge'] },
  { what: 'no network', args: ['--network', 'none'] },
])('a container with $what moves to Docker 26, and is refused by newer ones', async ({ args }) => {
  const command = ['transship-lab/busybox:1', 'sh', '-c', counterScript(10_000)];
  docker('node-a', 'run', '-d', '--name', NAME, ...args, ...command);
  const spec = { ...BY_DOCKER, mode: isOld() ? 'Migrate' : 'Preflight' };
  const { status } = await migrate({ name: 'by-docker-net', container: NAME, from: 'node-a', to: 'node-b', spec });
  const expected = isOld() ? { phase: 'Succeeded' } : { phase: 'Failed', reason: 'PrivateNetworkUnsupported' };
  expect(status).toMatchObject(expected);
});

test.each<{ what: string; node: NodeName; milestone: string }>([
  { what: 'a dump that fails', node: 'node-a', milestone: 'Checkpointed' },
  { what: 'a restore that fails, after the claim', node: 'node-b', milestone: 'Restored' },
])('$what leaves the original as it was', async ({ node, milestone }) => {
  const follower = await startSmall();
  await withBrokenCriu(node, async () => {
    const manifest = { name: `by-docker-broken-${node}`, container: NAME, from: 'node-a', to: 'node-b' };
    const { status } = await migrate({ ...manifest, spec: BY_DOCKER });
    expect(status.phase).toBe('RolledBack');
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: milestone, status: 'False' }));
  });
  expect(stateOf('node-a', NAME)).toBe('running');
  expect(containerNames('node-b')).not.toContain(NAME);
  expect([inNode('node-a', 'test', '-e', CONFIG).code, leftovers('node-a'), leftovers('node-b')]).toEqual([1, '', '']);
  const counted = follower.lines().length;
  await sleep(300);
  expectUnbroken(await follower.finish(500), counted + 10);
});

type Moment = (migration: ContainerMigration) => boolean;
const freezing: Moment = ({ status: { decision, source } }) =>
  decision?.step === 'Freeze' && source?.state !== 'Published';
const waking: Moment = ({ status }) => status.target?.state === 'Claimed';

test.each([
  { what: 'the source in the freeze', actor: 'agent@node-a', moment: freezing },
  { what: 'the target in the wake-up', actor: 'agent@node-b', moment: waking },
])('$what is killed and started again: one copy counts on', async ({ actor, moment }) => {
  const follower = await startCounter('transship-lab/python:1', 'python3', '-c', bigCounterProgram(200));
  const name = `by-docker-${actor.replace('@', '-')}`;
  const watch = new MigrationWatch(name);
  try {
    apply({ name, container: NAME, from: 'node-a', to: 'node-b', spec: BY_DOCKER });
    await watch.reach('the moment', moment);
    await sleep(150);
    mustRun('lab/service', ['kill', actor]);
  } finally {
    watch.stop();
    mustRun('lab/service', ['start', actor]);
  }
  await until(name, 'end', isFinal);
  const { phase } = getMigration(name).status;
  const home = phase === 'Succeeded' ? 'node-b' : 'node-a';
  expect([stateOf('node-a', NAME), stateOf('node-b', NAME)].filter((state) => state !== undefined)).toEqual([
    'running',
  ]);
  expect(stateOf(home, NAME)).toBe('running');
  const seen = await follower.finish(500);
  expectUnbroken(home === 'node-b' ? await new LogFollower('node-b', NAME).finish(1_000) : seen, 10);
  expect([leftovers('node-a'), leftovers('node-b')]).toEqual(['', '']);
});

/** What an object leaves behind that somebody takes away by force, and what earlier lives of an agent leave, is settled. */
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerMigration } from '../../src/api/types';
import { bigCounterProgram, counterScript, expectUnbroken } from '../lib/counter';
import { letAgentsGoOn, signalAgent } from '../lib/held-migration';
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { apply, deleteMigrations, getMigration, until } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { labEnvironment, mustRun, run } from '../lib/lab-tools';
import { MigrationWatch } from '../lib/migration-watch';
import { poll } from '../lib/waiting';

const NAME = 'e2e-leftover';
const ACTORS = ['controller', 'agent@node-a', 'agent@node-b'];
const labDirectory = labEnvironment()['LAB_DIR'] ?? '';

const clean = (): void => {
  for (const actor of ACTORS) start(actor);
  letAgentsGoOn();
  deleteMigrations();
  removeContainers(NAME);
};
beforeEach(clean);
afterAll(clean);

function start(actor: string): void {
  mustRun('lab/service', ['start', actor]);
}

function kill(actor: string): void {
  mustRun('lab/service', ['kill', actor]);
}

/** Starts a counter on node-a and returns once it counts. */
async function startCounter(...command: string[]): Promise<LogFollower> {
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', ...command);
  const follower = new LogFollower('node-a', NAME);
  await poll('the counter to count', () => follower.lines().length > 5);
  return follower;
}

const startSmall = (): Promise<LogFollower> =>
  startCounter('transship-lab/busybox:1', 'sh', '-c', counterScript(20_000));

/** Applies a migration and returns once it has come so far. */
async function begin(name: string, what: string, holds: (migration: ContainerMigration) => boolean): Promise<void> {
  const watch = new MigrationWatch(name);
  try {
    apply({ name, container: NAME, from: 'node-a', to: 'node-b' });
    await watch.reach(what, holds);
  } finally {
    watch.stop();
  }
}

/** As somebody does who has no patience with finalizers. */
function forceAway(name: string): void {
  mustRun('kubectl', ['patch', 'cmig', name, '--type', 'merge', '--patch', '{"metadata":{"finalizers":null}}']);
  mustRun('kubectl', ['delete', 'cmig', name, '--timeout=10s']);
}

/** All that agents have on a node for migrations. */
const filesOf = (node: NodeName): string[] =>
  onNode(node, 'cd /run/transship; find source restore criu -mindepth 1 2>/dev/null || :').split('\n').filter(Boolean);

/** The directory of an attempt on the volume, as the host sees it. */
const attemptOf = ({ metadata }: ContainerMigration): string =>
  join(labDirectory, 'shared', metadata.namespace, `${metadata.name}-${metadata.uid.slice(0, 8)}`, '1');

const exists = (path: string): boolean => run('test', ['-e', path]).code === 0;

const restartPolicy = (): string => docker('node-a', 'inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', NAME);

/** What the agent has logged since the given length of its log. */
const logOf = (node: NodeName): string => readFileSync(join(labDirectory, 'log', `agent@${node}.log`), 'utf8');

/** Nothing of any migration is on the nodes, and the counter runs on node-a as it did before. */
async function expectSettled(follower: LogFollower): Promise<void> {
  await poll('the nodes to be tidy', () => filesOf('node-a').length + filesOf('node-b').length === 0);
  await poll('the container to be gone from node-b', () => !containerNames('node-b').includes(NAME));
  expect(stateOf('node-a', NAME)).toBe('running');
  expect(restartPolicy()).toBe('always');
  const counted = follower.lines().length;
  expectUnbroken(await follower.finish(1_000), counted + 10);
}

test('the object is forced away when both nodes have prepared', async () => {
  const name = 'forced-prepared';
  const follower = await startSmall();
  await begin(name, 'the grant to prepare', ({ status }) => {
    if (status.decision?.step !== 'Prepare') return false;
    // Nobody grants the freeze.
    kill('controller');
    return true;
  });
  await until(name, 'prepared target', ({ status }) => status.target?.state === 'Prepared');
  expect(filesOf('node-a')).toHaveLength(1);
  kill('agent@node-a');
  kill('agent@node-b');
  forceAway(name);
  expect(stateOf('node-b', NAME)).toBe('created');
  for (const actor of ACTORS) start(actor);
  await expectSettled(follower);
});

test('the object is forced away while both agents live', async () => {
  const name = 'forced-alive';
  const follower = await startSmall();
  await begin(name, 'the grant to prepare', ({ status }) => {
    if (status.decision?.step !== 'Prepare') return false;
    kill('controller');
    return true;
  });
  await until(name, 'prepared target', ({ status }) => status.target?.state === 'Prepared');
  forceAway(name);
  await expectSettled(follower);
});

test('the object is forced away while the source is frozen and nothing was published: the original runs on', async () => {
  const name = 'forced-frozen';
  const follower = await startCounter('transship-lab/python:1', 'python3', '-c', bigCounterProgram(300));
  await begin(name, 'the grant to freeze', ({ status }) => status.decision?.step === 'Freeze');
  await poll('the container to be frozen', () => stateOf('node-a', NAME) === 'paused');
  kill('agent@node-a');
  const frozen = getMigration(name);
  // It was not too late: the object does not say that there is a checkpoint.
  expect(frozen.status.source?.state).toBe('Prepared');
  forceAway(name);
  expect(stateOf('node-a', NAME)).toBe('paused');
  expect(restartPolicy()).toBe('no');
  await poll('the dump to end', () => !onNode('node-a', 'ps ax -o args').includes('checkpoint'));
  const attempt = attemptOf(frozen);
  expect(exists(attempt)).toBe(true);
  mustRun('find', [attempt, '-exec', 'touch', '--no-dereference', '--date=1 hour ago', '{}', '+']);
  start('agent@node-a');
  await expectSettled(follower);
  await poll('the unfinished checkpoint to be gone', () => !exists(attempt));
});

test('the object is forced away when the target may have claimed: nothing is woken up, somebody is told', async () => {
  const name = 'forced-published';
  const follower = await startSmall();
  await begin(name, 'the target prepared', ({ status }) => {
    if (status.target?.state !== 'Prepared') return false;
    signalAgent('node-b', 'SIGSTOP');
    return true;
  });
  const published = await until(
    name,
    'published checkpoint',
    ({ status: { source } }) => source?.state === 'Published',
  );
  expect(published.status.target?.state).toBe('Prepared');
  kill('agent@node-b');
  const before = logOf('node-a').length;
  forceAway(name);
  await poll('the log to tell', () => logOf('node-a').slice(before).includes('a container stands frozen'));
  start('agent@node-b');
  await poll('the container to be gone from node-b', () => !containerNames('node-b').includes(NAME));
  expect(stateOf('node-a', NAME)).toBe('paused');
  // What the log says is to be done.
  docker('node-a', 'unpause', NAME);
  kill('agent@node-a');
  start('agent@node-a');
  await expectSettled(follower);
  // It may have been the last copy: removing it is for whoever knows that it is not.
  const attempt = attemptOf(published);
  expect(exists(attempt)).toBe(true);
  rmSync(dirname(attempt), { recursive: true });
});

test('the object is deleted while the agent of the target is away: what that had prepared is gone when it is back', async () => {
  const name = 'deleted-away';
  const follower = await startSmall();
  await begin(name, 'the target prepared', ({ status }) => {
    if (status.target?.state !== 'Prepared') return false;
    kill('agent@node-b');
    return true;
  });
  const namespace = labEnvironment()['LAB_OPERATOR_NAMESPACE'] ?? '';
  mustRun('kubectl', ['delete', 'cmig', name, '--wait=false']);
  // Instead of waiting until it has expired.
  mustRun('kubectl', ['delete', 'lease', 'transship-agent-node-b', '--namespace', namespace]);
  mustRun('kubectl', ['wait', '--for=delete', `cmig/${name}`, '--timeout=50s']);
  expect(stateOf('node-a', NAME)).toBe('running');
  expect(stateOf('node-b', NAME)).toBe('created');
  start('agent@node-b');
  await expectSettled(follower);
});

test('files of earlier lives are gone, those that may be in use are not', async () => {
  const id = 'f'.repeat(64);
  const uid = '00000000-0000-4000-8000-000000000000';
  kill('agent@node-a');
  onNode(
    'node-a',
    'cd /run/transship; mkdir -p source restore criu "restore/$1" "restore/$1.removed"; : >"restore/$1/armed"; ' +
      'echo leave-stopped >"criu/$2.conf"; echo "{}" >"source/$1.json.new"; ' +
      'printf \'{"migrationUID":"%s","migration":"default/gone"}\' "$2" >"source/$1.json"; ' +
      'touch -d "1 hour ago" "restore/$1.removed" "criu/$2.conf" "source/$1.json.new"; : >"criu/1-$2.conf"',
    id,
    uid,
  );
  start('agent@node-a');
  await poll('all but one to be gone', () => filesOf('node-a').length === 1);
  expect(filesOf('node-a')).toEqual([`criu/1-${uid}.conf`]);
  onNode('node-a', 'rm "/run/transship/criu/1-$1.conf"', uid);
});

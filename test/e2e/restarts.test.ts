/** The actors are killed between migrations and in the middle of them, and started again. */
import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { bigCounterProgram, counterScript, expectUnbroken } from '../lib/counter';
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { apply, deleteMigrations, getMigration, migrateWell, otherNode, until } from '../lib/lab-migration';
import { mustRun } from '../lib/lab-tools';
import { MigrationWatch } from '../lib/migration-watch';
import { poll } from '../lib/waiting';

const NAME = 'e2e-restarted';
const ACTORS = ['controller', 'agent@node-a', 'agent@node-b'];

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME);
};
/** Also after a test that failed before it came to that: the next one would fail of it. */
const revive = (): void => {
  for (const actor of ACTORS) start(actor);
};
beforeEach(clean);
afterEach(revive);
afterAll(clean);

function kill(actor: string): void {
  mustRun('lab/service', ['kill', actor]);
}

function start(actor: string): void {
  mustRun('lab/service', ['start', actor]);
}

/** Starts a counter on node-a and returns once it counts. */
async function startCounter(...command: string[]): Promise<LogFollower> {
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', ...command);
  const follower = new LogFollower('node-a', NAME);
  await poll('the counter to count', () => follower.lines().length > 5);
  return follower;
}

/** A counter that takes long to freeze and to wake up. */
const startBigCounter = (): Promise<LogFollower> =>
  startCounter('transship-lab/python:1', 'python3', '-c', bigCounterProgram(200));

/** The states of all containers of that name. */
function copies(): (string | undefined)[] {
  return (['node-a', 'node-b'] as const).map((node) => stateOf(node, NAME)).filter((state) => state !== undefined);
}

/** The counter runs on that node, the other has no such container, and nothing it had to count is missing. */
async function expectHome(home: NodeName, follower: LogFollower): Promise<void> {
  expect(stateOf(home, NAME)).toBe('running');
  expect(containerNames(otherNode(home))).not.toContain(NAME);
  const counted = follower.lines().length;
  const seen = await follower.finish(1_000);
  expectUnbroken(home === 'node-b' ? await new LogFollower('node-b', NAME).finish(1_000) : seen, counted + 10);
}

test('killed and started again between migrations', async () => {
  let follower = await startCounter('transship-lab/busybox:1', 'sh', '-c', counterScript(20_000));
  for (const from of ['node-a', 'node-b'] as const) {
    for (const actor of ACTORS) kill(actor);
    for (const actor of ACTORS) start(actor);
    await migrateWell({ name: `restarted-${from}`, container: NAME, from, to: otherNode(from) });
    const seen = await follower.finish();
    expectUnbroken(seen, 1);
    follower = new LogFollower(otherNode(from), NAME);
    await poll('the counter to count on', () => follower.lines().length > seen.length);
  }
  expectUnbroken(await follower.finish(500), 20);
});

type Moment = (migration: ContainerMigration) => boolean;
const preparing: Moment = ({ status }) => status.decision?.step === 'Prepare';
const freezing: Moment = ({ status: { decision, source } }) =>
  decision?.step === 'Freeze' && decision.revoked === undefined && source?.state !== 'Published';
const waking: Moment = ({ status }) => status.target?.state === 'Claimed';

/** Applies a migration and acts at that moment; fails when it was over before the act was done. */
async function inTheMiddle(name: string, what: string, moment: Moment, act: () => void): Promise<ContainerMigration> {
  const watch = new MigrationWatch(name);
  try {
    apply({ name, container: NAME, from: 'node-a', to: 'node-b' });
    await watch.reach(what, moment);
    act();
  } finally {
    watch.stop();
  }
  return getMigration(name);
}

// That what the killed one was doing is not done yet is for `make chaos`, which holds it there.
test.each<{ actor: string; when: string; moment: Moment }>([
  { actor: 'agent@node-a', when: 'the nodes prepare', moment: preparing },
  { actor: 'agent@node-b', when: 'the nodes prepare', moment: preparing },
  { actor: 'agent@node-a', when: 'the source freezes', moment: freezing },
  { actor: 'agent@node-b', when: 'the source freezes', moment: freezing },
  { actor: 'controller', when: 'the source freezes', moment: freezing },
  { actor: 'agent@node-b', when: 'the target wakes it up', moment: waking },
  { actor: 'controller', when: 'the target wakes it up', moment: waking },
])('$actor killed while $when, and started again', async ({ actor, when, moment }) => {
  const name = `killed-${actor.replace('@', '-')}-${when.replaceAll(' ', '-')}`;
  const follower = await startBigCounter();
  const interrupted = await inTheMiddle(name, when, moment, () => {
    kill(actor);
  });
  expect(isFinal(interrupted)).toBe(false);
  start(actor);
  const { status } = await until(name, 'end', isFinal);
  expect(['Succeeded', 'RolledBack']).toContain(status.phase);
  await expectHome(status.phase === 'Succeeded' ? 'node-b' : 'node-a', follower);
});

test('a spec that is changed while the container is frozen gives the container back', async () => {
  const name = 'changed-in-the-middle';
  const follower = await startBigCounter();
  const patch = ['patch', 'cmig', name, '--type', 'merge', '--patch', '{"spec":{"retainCheckpoint":"Always"}}'];
  await inTheMiddle(name, 'freezing', freezing, () => {
    mustRun('kubectl', patch);
  });
  const { status } = await until(name, 'end', isFinal);
  expect(status).toMatchObject({ phase: 'RolledBack', reason: 'SpecChanged' });
  // It was not too early either: there was something to wake up again.
  expect(status.source?.frozenAt).toBeDefined();
  await expectHome('node-a', follower);
});

test('deleting the object in the middle leaves one running copy', async () => {
  const name = 'deleted-in-the-middle';
  await startBigCounter();
  const interrupted = await inTheMiddle(name, 'freezing', freezing, () => {
    mustRun('kubectl', ['delete', 'cmig', name, '--wait=false']);
  });
  expect(isFinal(interrupted)).toBe(false);
  mustRun('kubectl', ['wait', '--for=delete', `cmig/${name}`, '--timeout=50s']);
  expect(copies()).toEqual(['running']);
});

test('of two migrations of one container at the same time one succeeds, and one copy runs', async () => {
  await startBigCounter();
  const names = ['rival-one', 'rival-two'];
  apply(...names.map((name) => ({ name, container: NAME, from: 'node-a', to: 'node-b' })));
  const ended = await Promise.all(names.map((name) => until(name, 'end', isFinal)));
  const phases = ended.map(({ status }) => status.phase);
  expect(phases.filter((phase) => phase === 'Succeeded')).toHaveLength(1);
  expect(phases.filter((phase) => phase === 'Failed' || phase === 'RolledBack')).toHaveLength(1);
  expect(copies()).toEqual(['running']);
});

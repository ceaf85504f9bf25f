/** The actors are killed between migrations and in the middle of them, and started again. */
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { apply, deleteMigrations, getMigration, migrateWell, otherNode, until } from '../lib/lab-migration';
import { mustRun } from '../lib/lab-tools';
import { isFinal } from '../../src/api/types';

const NAME = 'e2e-restarted';
const ACTORS = ['controller', 'agent@node-a', 'agent@node-b'];

beforeEach(() => {
  deleteMigrations();
  removeContainers(NAME);
  const script = 'i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done';
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', 'transship-lab/busybox:1', 'sh', '-c', script);
});

afterAll(() => {
  for (const actor of ACTORS) mustRun('lab/service', ['start', actor]);
  deleteMigrations();
  removeContainers(NAME);
});

const kill = (actor: string): string => mustRun('lab/service', ['kill', actor]);
const start = (actor: string): string => mustRun('lab/service', ['start', actor]);

/** Both logs together count without a gap or a repeat. */
function expectUnbroken(lines: readonly string[]): void {
  expect(lines.length).toBeGreaterThan(10);
  expect(lines).toEqual(lines.map((_line, index) => String(index + 1)));
}

test('killed and started again between migrations', async () => {
  const seen: string[] = [];
  for (const from of ['node-a', 'node-b'] as const) {
    const follower = new LogFollower(from, NAME);
    for (const actor of ACTORS) kill(actor);
    for (const actor of ACTORS) start(actor);
    await migrateWell({ name: `restarted-${from}`, container: NAME, from, to: otherNode(from) });
    seen.push(...(await follower.finish()));
  }
  const last = new LogFollower('node-a', NAME);
  seen.push(...(await last.finish(500)));
  expectUnbroken(seen);
});

test.each<{ actor: string; when: string; reached: (name: string) => Promise<unknown> }>([
  {
    actor: 'agent@node-a',
    when: 'the source prepares',
    reached: (name) => until(name, 'preparing', ({ status }) => status.phase !== 'Preflight'),
  },
  {
    actor: 'agent@node-a',
    when: 'the source freezes',
    reached: (name) => until(name, 'freezing', ({ status }) => status.decision?.step === 'Freeze'),
  },
  {
    actor: 'controller',
    when: 'the source freezes',
    reached: (name) => until(name, 'freezing', ({ status }) => status.decision?.step === 'Freeze'),
  },
  {
    actor: 'agent@node-b',
    when: 'the target wakes it up',
    reached: (name) =>
      until(name, 'the claim', ({ status }) => status.target?.state === 'Claimed' || isFinal(getMigration(name))),
  },
])('$actor killed while $when, and started again', async ({ actor, reached }) => {
  const name = `killed-${actor.replace('@', '-')}-${Date.now()}`;
  const follower = new LogFollower('node-a', NAME);
  apply({ name, container: NAME, from: 'node-a', to: 'node-b' });
  await reached(name);
  kill(actor);
  start(actor);
  const { status } = await until(name, 'end', isFinal);
  expect(['Succeeded', 'RolledBack']).toContain(status.phase);
  const [home, other]: NodeName[] = status.phase === 'Succeeded' ? ['node-b', 'node-a'] : ['node-a', 'node-b'];
  if (home === undefined || other === undefined) throw new Error('no node');
  expect(stateOf(home, NAME)).toBe('running');
  expect(containerNames(other)).not.toContain(NAME);
  const seen = await follower.finish(1_000);
  if (home === 'node-b') seen.push(...(await new LogFollower('node-b', NAME).finish(1_000)));
  expectUnbroken(seen);
});

test('deleting the object in the middle leaves one running copy', async () => {
  const name = 'deleted-in-the-middle';
  apply({ name, container: NAME, from: 'node-a', to: 'node-b' });
  await until(name, 'freezing', ({ status }) => status.decision?.step === 'Freeze');
  mustRun('kubectl', ['delete', 'cmig', name, '--timeout=50s']);
  const states = (['node-a', 'node-b'] as const)
    .map((node) => stateOf(node, NAME))
    .filter((state) => state !== undefined);
  expect(states).toEqual(['running']);
});

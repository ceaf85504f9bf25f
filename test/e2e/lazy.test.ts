/** A container runs on the target before its memory is there; what is kept until it is, and what becomes of it if it never is. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerMigration } from '../../src/api/types';
import { expectUnbroken } from '../lib/counter';
import { docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell, report } from '../lib/lab-migration';
import { labEnvironment, project } from '../lib/lab-tools';
import { poll } from '../lib/waiting';

const NAME = 'e2e-lazy';
const MEBIBYTES = 300;

/** Counts, holds what nobody can compress, and says the digest of that when it finds a file, which it then removes. */
const PROGRAM = `
import hashlib, itertools, os, time
held = bytearray(os.urandom(${MEBIBYTES} << 20))
for i in itertools.count(1):
    print(i, flush=True)
    time.sleep(0.01)
    if os.path.exists("/tell"):
        open("/told", "w").write(hashlib.sha256(held).hexdigest())
        os.remove("/tell")
`;

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME);
};
beforeEach(clean);
afterAll(clean);

async function digestOn(node: 'node-a' | 'node-b'): Promise<string> {
  docker(node, 'exec', NAME, 'touch', '/tell');
  await poll('the digest to be told', () => docker(node, 'exec', NAME, 'sh', '-c', 'ls /tell 2>/dev/null || :') === '');
  return docker(node, 'exec', NAME, 'cat', '/told');
}

async function startProgram(): Promise<LogFollower> {
  docker(
    'node-a',
    'run',
    '-d',
    '--name',
    NAME,
    '--restart',
    'always',
    'transship-lab/python:1',
    'python3',
    '-c',
    PROGRAM,
  );
  const follower = new LogFollower('node-a', NAME);
  await poll('the counter to count', () => follower.lines().length > 5);
  return follower;
}

const manifest = { name: NAME, container: NAME, from: 'node-a', to: 'node-b', spec: { memory: 'Lazy' } } as const;
const checkpointOf = ({ status }: ContainerMigration): string =>
  join(labEnvironment()['LAB_DIR'] ?? '', 'shared', status.checkpoint?.path ?? '');

/** Kills the page server on node-b as soon as the container runs there; its parent, the script, stays. */
function killPageServer(): Promise<number | null> {
  const script =
    'cd /run/transship/restore; i=0; until [ -e "$(echo */resumed)" ]; do i=$((i+1)); [ $i -lt 6000 ]; sleep 0.005; done; ' +
    'read -r pid rest <"$(echo */pages)"; pkill -KILL -P "$pid"';
  const child = spawn(join(project, 'lab/node-exec'), ['node-b', 'sh', '-euc', script], {
    env: labEnvironment(),
    stdio: 'ignore',
  });
  return new Promise((resolve) => {
    child.once('exit', resolve);
  });
}

test('the container goes on where it stood, and gets all of its memory, before anything is removed', async () => {
  const follower = await startProgram();
  const before = await digestOn('node-a');
  const migration = await migrateWell(manifest);
  report('lazy', migration);
  expect(await digestOn('node-b')).toBe(before);
  await follower.finish();
  expectUnbroken(await new LogFollower('node-b', NAME).finish(1_000), 20);

  const { target, source, conditions } = migration.status;
  expect(target).toMatchObject({ state: 'Settled', lazyPages: 'Done' });
  expect(conditions).toContainEqual(expect.objectContaining({ type: 'MemoryComplete', status: 'True' }));
  // By two clocks of one machine: the original went after the last page was in.
  expect(Date.parse(source?.releasedAt ?? '')).toBeGreaterThan(Date.parse(target?.memoryCompleteAt ?? ''));
  expect(Date.parse(target?.memoryCompleteAt ?? '')).toBeGreaterThan(Date.parse(target?.resumedAt ?? ''));
  expect(existsSync(checkpointOf(migration))).toBe(false);
  expect(docker('node-b', 'inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', NAME)).toBe('always');
}, 90_000);

test('a page server that dies takes the container along, and what is left is kept and told', async () => {
  await startProgram();
  const killed = killPageServer();
  const migration = await migrate(manifest);
  expect(await killed).toBe(0);
  const { phase, reason, message, target } = migration.status;
  expect([phase, reason, target?.lazyPages]).toEqual(['Failed', 'PageServerLost', 'Lost']);
  expect(message).toContain('exit code');
  expect(stateOf('node-b', NAME)).toBe('exited');
  expect(stateOf('node-a', NAME)).toBe('exited');
  expect(docker('node-b', 'inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', NAME)).toBe('no');
  expect(existsSync(join(checkpointOf(migration), 'manifest.json'))).toBe(true);
}, 90_000);

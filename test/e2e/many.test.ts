/** Many migrations at once: who is frozen when, as their own logs tell. */
import { isFinal } from '../../src/api/types';
import { counterScript, expectUnbroken } from '../lib/counter';
import type { Gap } from '../lib/gaps';
import { longestGap } from '../lib/gaps';
import { docker, removeContainers } from '../lib/lab-docker';
import { apply, deleteMigrations, getMigration, report, until } from '../lib/lab-migration';
import { labEnvironment, run } from '../lib/lab-tools';

const NAMES = ['e2e-many-1', 'e2e-many-2', 'e2e-many-3'];
const TICK_MS = 10;

beforeEach(() => {
  deleteMigrations();
  removeContainers(...NAMES);
  for (const name of NAMES) {
    docker(
      'node-a',
      'run',
      '-d',
      '--name',
      name,
      'transship-lab/busybox:1',
      'sh',
      '-c',
      counterScript(TICK_MS * 1_000),
    );
  }
});

afterAll(() => {
  controllerWith();
  deleteMigrations();
  removeContainers(...NAMES);
});

/** A controller with these settings, NAME=value; with the defaults when there are none. */
function controllerWith(...settings: string[]): void {
  const env = { ...labEnvironment(), LAB_CONTROLLER_ENVIRONMENT: settings.join(' ') };
  const { code, stderr } = run('lab/service', ['start', 'controller'], { env });
  if (code !== 0) throw new Error(stderr);
}

const move = (name: string, spec = {}): Parameters<typeof apply>[0] => {
  return { name, container: name, from: 'node-a', to: 'node-b', spec };
};

/** Waits until all have succeeded, and gives when each stood still, in that order. */
async function windows(): Promise<(Gap & { readonly name: string })[]> {
  for (const name of NAMES) {
    const migration = await until(name, 'end', isFinal);
    report(name, migration);
    expect(migration.status.phase).toBe('Succeeded');
    expectUnbroken(docker('node-b', 'logs', name).split('\n'), 20);
  }
  return NAMES.map((name) => ({ name, ...longestGap('node-b', name) })).toSorted((a, b) => a.fromMs - b.fromMs);
}

test('with a limit of one, three that are created at once are never frozen at the same time', async () => {
  controllerWith('TRANSSHIP_MAX_FROZEN_PER_NODE=1');
  apply(...NAMES.map((name) => move(name)));
  const gaps = await windows();
  for (const [i, { fromMs, toMs }] of gaps.entries()) {
    // That it was frozen at all.
    expect(toMs - fromMs).toBeGreaterThan(5 * TICK_MS);
    expect(fromMs).toBeGreaterThanOrEqual(gaps[i - 1]?.toMs ?? 0);
  }
  // All were prepared side by side: it is the freeze that was waited for.
  const statuses = NAMES.map((name) => getMigration(name).status);
  const prepared = statuses.map(
    ({ phaseTransitions = [] }) => phaseTransitions.find(({ phase }) => phase === 'Preparing')?.at,
  );
  expect(prepared.every((at = '') => Date.parse(at) < (gaps[1]?.fromMs ?? 0))).toBe(true);
});

test('those of a higher priority go first', async () => {
  controllerWith('TRANSSHIP_MAX_MIGRATIONS_PER_NODE=1');
  const [first = '', low = '', high = ''] = NAMES;
  apply(move(first));
  await until(first, 'admission', ({ status }) => status.decision !== undefined);
  apply(move(low), move(high, { priority: 1 }));
  const queued = await until(low, 'place in the line', ({ status }) => status.queue !== undefined);
  expect(queued.status).toMatchObject({ phase: 'Pending', reason: 'Queued', queue: { gate: 'Admission' } });
  expect((await windows()).map(({ name }) => name)).toEqual([first, high, low]);
  expect(getMigration(low).status.queue?.until).toBeDefined();
});

/** Where the downtime of a real move went: the trace that is kept of it, and what it costs the API server. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { preciseMs } from '../../src/protocol/duration';
import type { Timeline } from '../../src/trace/timeline';
import { timelineOf } from '../../src/trace/timeline';
import { parseTrace } from '../../src/trace/format';
import { apiWrites } from '../lib/api-writes';
import { withBrokenCriu } from '../lib/broken-criu';
import { counterScript } from '../lib/counter';
import { docker, removeContainers } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell, report } from '../lib/lab-migration';
import { labEnvironment, mustRun } from '../lib/lab-tools';
import { poll, sleep } from '../lib/waiting';

const NAME = 'e2e-trace';
const root = join(labEnvironment()['LAB_DIR'] ?? '', 'shared');
const traces = join(root, '.transship/traces/default');

beforeEach(() => {
  deleteMigrations();
  removeContainers(NAME);
  docker('node-a', 'run', '-d', '--name', NAME, 'transship-lab/busybox:1', 'sh', '-c', counterScript(10_000));
});

afterAll(() => {
  deleteMigrations();
  removeContainers(NAME);
});

const parts = (uid: string): string[] =>
  ['node-a.source.json', 'node-b.target.json'].map((part) => join(traces, `${NAME}-${uid.slice(0, 8)}`, part));

/** As the agents have kept it, when both have. */
async function kept(uid: string): Promise<Timeline> {
  await poll('both parts of the trace', () => parts(uid).every((part) => existsSync(part)));
  const timeline = timelineOf(parts(uid).map((part) => parseTrace(readFileSync(part, 'utf8'))));
  if (timeline === undefined) throw new Error('no trace');
  return timeline;
}

/** How much of the window some call of an agent's was going on. */
function coveredMs({ calls, windowMs }: Timeline): number {
  let covered = 0;
  let until = 0;
  for (const { startMs, durationMs } of calls) {
    const from = Math.max(startMs, until);
    const to = Math.min(startMs + durationMs, windowMs);
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return covered;
}

test('a move costs the API server at most 20 writes, and leaves a trace that accounts for its downtime', async () => {
  const before = apiWrites();
  const migration = await migrateWell({ name: NAME, container: NAME, from: 'node-a', to: 'node-b' });
  // What comes after the end belongs to it.
  await sleep(1_000);
  const writes = apiWrites() - before - 1;
  report(`${writes} writes`, migration);
  // What is waited for in a phase that lasts for 3 s is told of, on a machine that is busy.
  const { startedAt = '', finishedAt = '' } = migration.status;
  expect(writes).toBeLessThanOrEqual(20 + Math.floor((preciseMs(finishedAt) - preciseMs(startedAt)) / 3_000));
  expect(writes).toBeGreaterThan(10);

  const timeline = await kept(migration.metadata.uid);
  const { source, target } = migration.status;
  const clockMs = ((source?.clock?.offsetMicroseconds ?? NaN) - (target?.clock?.offsetMicroseconds ?? NaN)) / 1000;
  const frozenMs = preciseMs(target?.resumedAt ?? '') - preciseMs(source?.freezeStartedAt ?? '') + clockMs;
  expect(timeline).toMatchObject({ complete: true, nodes: { source: 'node-a', target: 'node-b' }, dropped: 0 });
  expect(timeline.windowMs).toBeCloseTo(frozenMs, 1);
  const names = timeline.calls.map(({ role, name }) => `${role} ${name}`);
  expect(names).toEqual(
    expect.arrayContaining([
      'source engine.pause',
      'source runc checkpoint',
      'source criu',
      'source criu dumps processes',
      'source store.publishManifest',
      'source migrations.writeSource',
      'target store.verify',
      'target migrations.writeTarget',
      'target engine.start',
      'target runc restore',
      'target criu restores',
    ]),
  );
  // The rest is the way of the report from the source to the target.
  expect(coveredMs(timeline) / timeline.windowMs).toBeGreaterThan(0.75);
  // CRIU's own times lie within those of the runc that ran it.
  const [runc, criu] = ['runc checkpoint', 'criu'].map((name) => timeline.calls.find((call) => call.name === name));
  expect(criu?.startMs).toBeGreaterThan((runc?.startMs ?? NaN) - 10);
  expect((criu?.startMs ?? NaN) + (criu?.durationMs ?? NaN)).toBeLessThan(
    (runc?.startMs ?? NaN) + (runc?.durationMs ?? NaN) + 10,
  );

  // The trace outlives the checkpoint, which a success removes, and not the object.
  expect(existsSync(join(root, 'default', `${NAME}-${migration.metadata.uid.slice(0, 8)}`))).toBe(false);
  const directory = mkdtempSync(join(tmpdir(), 'transship-'));
  try {
    const svg = join(directory, 'trace.svg');
    const text = mustRun('npx', ['ts-node', 'src/trace/main.ts', NAME, '--volume', root, '--svg', svg]);
    process.stderr.write(text);
    expect(text).toContain('engine.pause');
    expect(readFileSync(svg, 'utf8').match(/<rect /g)?.length).toBe(timeline.calls.length + 1);
  } finally {
    rmSync(directory, { recursive: true });
  }
  deleteMigrations();
  await poll('the trace to go with its object', () =>
    parts(migration.metadata.uid).every((part) => !existsSync(dirname(part))),
  );
});

test('a move whose wake-up fails leaves the trace of both', async () => {
  await withBrokenCriu('node-b', async () => {
    const { metadata, status } = await migrate({ name: NAME, container: NAME, from: 'node-a', to: 'node-b' });
    expect(status.phase).toBe('RolledBack');
    const timeline = await kept(metadata.uid);
    expect(timeline.complete).toBe(false);
    expect(timeline.calls).toContainEqual(
      expect.objectContaining({ role: 'source', name: 'driver.dump', failed: false }),
    );
    expect(timeline.calls).toContainEqual(
      expect.objectContaining({ role: 'target', name: 'engine.start', failed: true }),
    );
  });
});

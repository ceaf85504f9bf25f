import { createSourceReconciler } from '../../../src/agent/source/reconcile';
import { createTargetReconciler } from '../../../src/agent/target/reconcile';
import { TraceKeeper } from '../../../src/agent/trace/keeper';
import { tracedCommands, tracedPorts } from '../../../src/agent/trace/traced-ports';
import type { CriuPart } from '../../../src/criu/dump-parts';
import { ReasonedError } from '../../../src/runtime/errors';
import { recorded, Recording } from '../../../src/runtime/trace';
import type { Trace } from '../../../src/trace/format';
import { formatTrace, parseTrace } from '../../../src/trace/format';
import { FakeMove } from '../../lib/fake-move';
import { keyOf } from '../../../src/api/types';
import { recordingLogger } from '../../lib/recording-logger';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;
let saved: Trace[];
let save: (trace: Trace) => Promise<void>;
let parts: readonly CriuPart[];
let keepers: Readonly<Record<'source' | 'target', () => Promise<unknown>>>;
let log: ReturnType<typeof recordingLogger>;

beforeEach(async () => {
  move = await new FakeMove(directory()).toFreeze();
  saved = [];
  parts = [];
  save = (trace) => {
    saved.push(parseTrace(formatTrace(trace)));
    return Promise.resolve();
  };
  log = recordingLogger();
  const agent = (role: 'source' | 'target'): (() => Promise<unknown>) => {
    const keeper = new TraceKeeper({
      node: role === 'source' ? 'node-a' : 'node-b',
      shelf: {
        save: (_checkpoint, trace) => save(trace),
        dumpParts: () => Promise.resolve(parts),
        tidy: () => Promise.resolve(),
      },
      cached: () => move.api.object,
      clock: move.clock,
    });
    const create = role === 'source' ? createSourceReconciler : createTargetReconciler;
    const reconcile = keeper.during(role, create(tracedPorts(move[role].deps())));
    return () => reconcile(keyOf(move.api.object), { signal: new AbortController().signal, log });
  };
  keepers = { source: agent('source'), target: agent('target') };
});

const calls = (trace: Trace | undefined): string[] => trace?.calls.map(({ name }) => name) ?? [];

test('what both agents do from the freeze to the report of the wake-up is kept, and nothing before it is over', async () => {
  await keepers.source();
  await keepers.target();
  expect(move.status.target?.state).toBe('Restored');
  expect(saved).toEqual([]);
  await keepers.source();
  await keepers.target();
  await keepers.source();
  expect(saved.map(({ role, node }) => [role, node])).toEqual([
    ['source', 'node-a'],
    ['target', 'node-b'],
  ]);
  const [source, target] = saved;
  expect(calls(source)).toEqual(
    expect.arrayContaining(['driver.dump', 'store.publishManifest', 'migrations.writeSource']),
  );
  expect(calls(target)).toEqual(expect.arrayContaining(['store.verify', 'migrations.writeTarget', 'driver.wake']));
  // What comes after the window is not part of it.
  expect(calls(source)).not.toContain('driver.killFrozen');
  expect(calls(target)).not.toContain('driver.forget');
  expect(Object.keys(source?.moments ?? {})).toContain('freezeStartedAt');
  expect(Object.keys(target?.moments ?? {})).toContain('resumedAt');
});

test('the trace of a freeze that is rolled back is kept when the original runs again', async () => {
  await keepers.source();
  move.revoke();
  await keepers.source();
  expect(move.original).toMatchObject({ state: 'running' });
  expect(calls(saved[0])).toContain('driver.dump');
});

test('a volume that keeps no trace keeps nothing else back', async () => {
  save = () => Promise.reject(new Error('no room'));
  for (const visit of ['source', 'target', 'source', 'target'] as const) await keepers[visit]();
  expect(move.status).toMatchObject({ source: { state: 'Released' }, target: { state: 'Settled' } });
  expect(log.lines.filter(({ message }) => message.includes('trace'))).toHaveLength(2);
});

test('a step that is tried again is recorded as one with the first try', async () => {
  move.source.fail('store.publishManifest', new ReasonedError('VolumeHung', 'for the test'));
  await keepers.source().catch(() => undefined);
  await move.clock.advance(3_000);
  await keepers.source();
  for (const visit of ['target', 'source'] as const) await keepers[visit]();
  const published = saved[0]?.calls.filter(({ name }) => name === 'store.publishManifest') ?? [];
  expect(published.map(({ failed = false }) => failed)).toEqual([true, false]);
});

test('programs are named by what they are and do, and by nothing that they are given', async () => {
  const recording = new Recording(move.clock);
  const commands = tracedCommands({ run: () => Promise.reject(new Error('not here')) });
  const given: [string, string[]][] = [
    ['runc', ['--root', '/run', 'checkpoint', '--image-path', '/state', 'id']],
    ['env', ['CRIU_CONFIG_FILE=/x', 'runc', '--root', '/run', 'checkpoint', 'id']],
    ['runc', ['--root', 'r', 'state', 'id']],
    ['/usr/bin/tar', ['--create', 'secret']],
    ['env', ['LC_ALL=C', 'cp', '--', 'secret', 'runc']],
  ];
  await recorded(recording, async () => {
    for (const [file, args] of given) await commands.run(file, args, { timeoutMs: 1 }).catch(() => undefined);
  });
  expect(recording.spans().map(({ name }) => name)).toEqual([
    'runc checkpoint',
    'runc checkpoint',
    'runc state',
    'tar',
    'cp',
  ]);
});

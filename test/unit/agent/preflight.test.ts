import { preflightSource } from '../../../src/agent/source/preflight';
import { preflightTarget } from '../../../src/agent/target/preflight';
import { decision, migration } from '../../lib/migration';
import { nodeFacts } from '../../lib/node-facts';
import { NOTHING_OPEN } from '../../lib/nothing-open';
import type { World } from '../../lib/preflight-world';
import { depsFor, elsewhere, passing, summarise, unavailable } from '../../lib/preflight-world';

const speed = { writeBytesPerSecond: 100_000_000, readBytesPerSecond: 200_000_000 };
const huge = { path: '/huge', sizeBytes: 2 ** 30 };

const onSource: Record<string, { world: World; found: [string, boolean][] }> = {
  'finds nothing against a plain container': { world: {}, found: [] },
  'refuses a stopped one': {
    world: { container: { state: 'exited', pid: 0 } },
    found: [['ContainerNotRunning', true]],
  },
  'refuses one of a pod': {
    world: { container: { labels: { 'io.kubernetes.pod.name': 'web' } } },
    found: [['ManagedByKubelet', true]],
  },
  'refuses one in another container’s network': {
    world: { container: { networkMode: 'container:abc' } },
    found: [['NetworkModeUnsupported', true]],
  },
  'has nothing against one with --init': { world: { container: { init: true } }, found: [] },
  'refuses deleted files that are too large': {
    world: { node: { dumpFacts: () => Promise.resolve({ ...NOTHING_OPEN, deletedFiles: [huge] }) } },
    found: [['GhostFileTooLarge', true]],
  },
  'mentions exec sessions': { world: { container: { execIDs: ['e'] } }, found: [['ExecSessionsLost', false]] },
  'mentions a log that a driver keeps elsewhere': {
    world: { container: { logDriver: 'journald' } },
    found: [['LogsNotCarried', false]],
  },
  'mentions a log whose place Docker does not tell': {
    world: { container: { logDriver: 'local', upperDir: undefined } },
    found: [['LogsNotCarried', false]],
  },
  'does not miss the log of a container that keeps none': { world: { container: { logDriver: 'none' } }, found: [] },
  'mentions a large log': {
    world: { node: { logSizeBytes: () => Promise.resolve(300 * 1024 * 1024) } },
    found: [['LogsLarge', false]],
  },
  'refuses a log for which the volume has no room': {
    world: {
      node: {
        logSizeBytes: () => Promise.resolve(200 * 1024 * 1024),
        survey: () => Promise.resolve(nodeFacts({ volume: { ...speed, freeBytes: 200 * 1024 * 1024 } })),
      },
    },
    found: [['VolumeTooSmall', true]],
  },
  'refuses open connections': {
    world: {
      node: { establishedConnections: () => Promise.resolve([{ local: 'a:1', remote: 'b:2', state: 'ESTAB' }]) },
    },
    found: [['EstablishedConnections', true]],
  },
  'refuses stopped processes': {
    world: { node: { stoppedProcesses: () => Promise.resolve([7]) } },
    found: [['StoppedProcesses', true]],
  },
  'passes on what the driver finds': {
    world: {
      driver: { checkFreeze: () => Promise.resolve([{ reason: 'RuncMissing', message: 'no runc', blocking: true }]) },
    },
    found: [['RuncMissing', true]],
  },
  'names all that it finds at once': {
    world: { container: { execIDs: ['e'], networkMode: 'container:abc' } },
    found: [
      ['NetworkModeUnsupported', true],
      ['ExecSessionsLost', false],
    ],
  },
  'refuses by name what it cannot look at': {
    world: { node: { establishedConnections: unavailable('ContainerProcessesUnknown') } },
    found: [['ContainerProcessesUnknown', true]],
  },
  'refuses what Docker refuses': {
    world: { engine: { list: unavailable('EngineRefused') } },
    found: [['EngineRefused', true]],
  },
  'refuses a volume that cannot be used': {
    world: { node: { probeVolume: () => Promise.resolve({ ok: false, reason: 'VolumeFull', message: 'full' }) } },
    found: [['VolumeFull', true]],
  },
  'refuses a volume that is damaged when it is asked who it is': {
    world: { node: { volumeID: unavailable('VolumeCorrupt') } },
    found: [['VolumeCorrupt', true]],
  },
};

test.each(Object.entries(onSource))('the source %s', async (_name, { world, found }) => {
  const status = await preflightSource(migration({ decision: decision('Preflight') }), depsFor(world));
  expect(status.state).toBe('Preflighted');
  expect(summarise(status.checks)).toEqual(found);
});

test.each([
  ['Remove', 'is removed with the original'],
  ['Keep', 'stays behind with the original'],
] as const)(
  'with spec.logs: Skip no log is looked at, and with %s what was written before %s',
  async (afterSuccess, fate) => {
    const skips = migration({ decision: decision('Preflight') }, { spec: { logs: 'Skip', afterSuccess } });
    const { checks, estimate } = await preflightSource(
      skips,
      depsFor({ node: { logSizeBytes: unavailable('Asked') } }),
    );
    expect(summarise(checks)).toEqual([['LogsNotCarried', false]]);
    expect(checks?.[0]?.message).toContain(fate);
    expect(estimate?.logBytes).toBe(0);
  },
);

const waiting = { local: 'a:1', remote: 'b:2', state: 'SYN-RECV' };

test.each([
  [
    'a larger deleted file',
    'ghost-limit=2147483648',
    { dumpFacts: () => Promise.resolve({ ...NOTHING_OPEN, deletedFiles: [huge] }) },
  ],
  ['a connection not accepted', 'skip-in-flight', { establishedConnections: () => Promise.resolve([waiting]) }],
])('the source lets %s pass when spec.criu says so', async (_what, option, node) => {
  const refused = migration({ decision: decision('Preflight') });
  expect((await preflightSource(refused, depsFor({ node }))).checks).toHaveLength(1);
  const allowed = migration({ decision: decision('Preflight') }, { spec: { criu: [option] } });
  expect((await preflightSource(allowed, depsFor({ node }))).checks).toEqual([]);
});

test('an error that nobody has named is not taken for a refusal', async () => {
  const deps = depsFor({ engine: { list: () => Promise.reject(new Error('a fault of ours')) } });
  await expect(preflightSource(migration(), deps)).rejects.toThrow('a fault of ours');
});

test('the source tells by which digests registries know the image', async () => {
  const digest = `registry.example/busybox@sha256:${'a'.repeat(64)}`;
  const known = depsFor({ images: { digestsOf: () => Promise.resolve([digest]) } });
  expect((await preflightSource(migration(), known)).imageDigests).toEqual([digest]);
  const strange = depsFor({ images: { digestsOf: unavailable('EngineAnswerInvalid') } });
  expect(await preflightSource(migration(), strange)).not.toHaveProperty('imageDigests');
  const away = depsFor({ images: { digestsOf: unavailable('EngineUnreachable') } });
  await expect(preflightSource(migration(), away)).rejects.toMatchObject({ reason: 'EngineUnreachable' });
});

test.each(passing)('the source does not refuse for %s, which may pass: the look fails', async (reason, world) => {
  await expect(preflightSource(migration(), depsFor(world))).rejects.toMatchObject({ reason });
});

test('a volume that is full is for a person to mend, and refused', async () => {
  const full = { ok: false, reason: 'VolumeFull', message: 'for the test' } as const;
  const world = depsFor({ ...elsewhere, node: { probeVolume: () => Promise.resolve(full) } });
  expect(summarise((await preflightTarget(migration(), world)).checks)).toEqual([['VolumeFull', true]]);
});

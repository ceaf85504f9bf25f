import { FileJournal } from '../../../src/agent/journal';
import type { AgentDeps, NodeAccess } from '../../../src/agent/ports';
import { preflightSource } from '../../../src/agent/source/preflight';
import { preflightTarget } from '../../../src/agent/target/preflight';
import type { Check } from '../../../src/api/types';
import type { ContainerEngine, ContainerInfo, ContainerSummary } from '../../../src/docker/engine';
import type { Driver } from '../../../src/driver/driver';
import { ReasonedError } from '../../../src/runtime/errors';
import { nodeFacts } from '../../lib/node-facts';
import { CONTAINER_ID, decision, migration, source } from '../../lib/migration';

const looper: ContainerInfo = {
  id: CONTAINER_ID,
  name: 'looper',
  imageID: 'sha256:image',
  imageName: 'busybox:1',
  state: 'running',
  pid: 42,
  exitCode: 0,
  labels: {},
  restartPolicy: { name: 'always', maximumRetryCount: 0 },
  runtime: 'runc',
  execIDs: [],
  networkMode: 'bridge',
  networks: ['bridge'],
  init: false,
  bindSources: [],
  volumes: [],
  annotations: {},
  upperDir: '/upper',
  startedAt: '2026-01-01T00:00:00Z',
  raw: {},
};

interface World {
  readonly container?: Partial<ContainerInfo>;
  readonly node?: Partial<NodeAccess>;
  readonly engine?: Partial<ContainerEngine>;
  readonly driver?: Partial<Driver>;
}

/** A node on which nothing stands against a migration, but for what the case changes. */
function depsFor({ container = {}, node = {}, engine = {}, driver = {} }: World): AgentDeps {
  const info = { ...looper, ...container };
  const summary: ContainerSummary = { id: info.id, names: [info.name], labels: info.labels };
  return {
    migrations: { list: () => [] },
    engine: {
      list: () => Promise.resolve([summary]),
      inspect: () => Promise.resolve(info),
      info: () => Promise.resolve({ runtimes: {}, version: '28.5.2' }),
      findImage: () => Promise.resolve({ id: looper.imageID }),
      hasNetwork: () => Promise.resolve(true),
      ...engine,
    },
    driver: { checkFreeze: () => Promise.resolve([]), checkWake: () => Promise.resolve([]), ...driver },
    node: {
      name: 'node-a',
      probeCriu: () => Promise.resolve({ ok: true }),
      probeVolume: () => Promise.resolve({ ok: true }),
      volumeID: () => Promise.resolve('volume-1'),
      establishedConnections: () => Promise.resolve([]),
      stoppedProcesses: () => Promise.resolve([]),
      pathExists: () => Promise.resolve(true),
      survey: () => Promise.resolve(nodeFacts()),
      measureClock: () => Promise.resolve({ offsetMicroseconds: 0, errorMicroseconds: 1 }),
      ...node,
    },
    store: { root: '/mnt/transship' },
    journal: new FileJournal('/nonexistent'),
  } as unknown as AgentDeps;
}

const summarise = (checks: readonly Check[] = []): [string, boolean][] =>
  checks.map(({ reason, blocking }) => [reason, blocking]);
const unavailable = (reason: string) => (): Promise<never> => Promise.reject(new ReasonedError(reason, 'for the test'));

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
  'refuses one with volumes': { world: { container: { volumes: ['data'] } }, found: [['VolumesNotCarried', true]] },
  'refuses one in another container’s network': {
    world: { container: { networkMode: 'container:abc' } },
    found: [['NetworkModeUnsupported', true]],
  },
  'refuses one with --init': { world: { container: { init: true } }, found: [['InitNotSupported', true]] },
  'mentions exec sessions': { world: { container: { execIDs: ['e'] } }, found: [['ExecSessionsLost', false]] },
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
    world: { container: { volumes: ['data'], init: true } },
    found: [
      ['VolumesNotCarried', true],
      ['InitNotSupported', true],
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

test('an error that nobody has named is not taken for a refusal', async () => {
  const deps = depsFor({ engine: { list: () => Promise.reject(new Error('a fault of ours')) } });
  await expect(preflightSource(migration(), deps)).rejects.toThrow('a fault of ours');
});

const described = {
  containerName: 'looper',
  imageID: looper.imageID,
  imageName: 'busybox:1',
  networks: ['bridge', 'backend'],
  bindSources: [] as string[],
  volumeID: 'volume-1',
  checks: [],
};
const elsewhere: World = { container: { id: 'e'.repeat(64), name: 'somebody-else' } };

const onTarget: Record<string, { world?: World; source?: object; found: [string, boolean][] }> = {
  'finds nothing against a plain container': { found: [] },
  'need not look when the source refuses': {
    source: { checks: [{ reason: 'X', message: 'no', blocking: true }] },
    world: { engine: { info: unavailable('EngineUnreachable') } },
    found: [],
  },
  'refuses a missing image': {
    world: { engine: { findImage: () => Promise.resolve(undefined) } },
    found: [['ImageMissing', true]],
  },
  'refuses a missing network, but none that every Docker has': {
    world: { engine: { hasNetwork: () => Promise.resolve(false) } },
    found: [['NetworkMissing', true]],
  },
  'refuses a taken name': { world: { container: { name: 'looper' } }, found: [['NameTaken', true]] },
  'mentions a bind mount': { source: { bindSources: ['/srv'] }, found: [['BindMountNotCarried', false]] },
  'refuses a bind mount whose path it lacks': {
    source: { bindSources: ['/srv'] },
    world: { node: { pathExists: () => Promise.resolve(false) } },
    found: [['BindMountMissing', true]],
  },
  'refuses another volume than the source sees': {
    world: { node: { volumeID: () => Promise.resolve('volume-2') } },
    found: [['VolumeNotShared', true]],
  },
  'refuses what Docker refuses': {
    world: { engine: { info: unavailable('EngineRefused') } },
    found: [['EngineRefused', true]],
  },
  'passes on what the driver finds': {
    world: {
      driver: {
        checkWake: () => Promise.resolve([{ reason: 'RestoreRuntimeMissing', message: 'no', blocking: true }]),
      },
    },
    found: [['RestoreRuntimeMissing', true]],
  },
};

test.each(Object.entries(onTarget))('the target %s', async (_name, { world = {}, source: changes = {}, found }) => {
  const object = migration({
    decision: decision('Preflight'),
    source: source('Preflighted', { ...described, ...changes }),
  });
  const deps = depsFor({ ...elsewhere, ...world });
  const status = await preflightTarget(object, deps);
  expect(status).toMatchObject({ state: 'Preflighted', containerName: 'looper' });
  expect(summarise(status.checks)).toEqual(found);
});

/** What may pass by itself is no reason to refuse for good: the look is tried again. */
const passing: [string, World][] = [
  ['EngineUnreachable', { engine: { list: unavailable('EngineUnreachable'), info: unavailable('EngineUnreachable') } }],
  ['EngineTimedOut', { engine: { list: unavailable('EngineTimedOut') } }],
  ['VolumeHung', { node: { volumeID: unavailable('VolumeHung') } }],
  ...['VolumeHung', 'VolumeStale', 'VolumeIOError'].map((reason): [string, World] => [
    reason,
    { node: { probeVolume: () => Promise.resolve({ ok: false, reason, message: 'for the test' }) } },
  ]),
];

test.each(passing)('the source does not refuse for %s, which may pass: the look fails', async (reason, world) => {
  await expect(preflightSource(migration(), depsFor(world))).rejects.toMatchObject({ reason });
});

test.each(passing)('the target does not refuse for %s, which may pass: the look fails', async (reason, world) => {
  const object = migration({ source: source('Preflighted', described) });
  await expect(preflightTarget(object, depsFor({ ...elsewhere, ...world }))).rejects.toMatchObject({ reason });
});

test('a volume that is full is for a person to mend, and refused', async () => {
  const full = { ok: false, reason: 'VolumeFull', message: 'for the test' } as const;
  const world = depsFor({ ...elsewhere, node: { probeVolume: () => Promise.resolve(full) } });
  expect(summarise((await preflightTarget(migration(), world)).checks)).toEqual([['VolumeFull', true]]);
});

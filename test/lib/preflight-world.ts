import { FileJournal } from '../../src/agent/journal';
import type { AgentDeps, NodeAccess } from '../../src/agent/ports';
import type { Check } from '../../src/api/types';
import type { ContainerEngine, ContainerInfo, ContainerSummary } from '../../src/docker/engine';
import type { DockerNetworks } from '../../src/docker/networks';
import type { ImageTransport } from '../../src/docker/images';
import type { Driver } from '../../src/driver/driver';
import { ReasonedError } from '../../src/runtime/errors';
import { networkInfo } from './network-info';
import { nodeFacts } from './node-facts';
import { CONTAINER_ID } from './migration';
import { NOTHING_OPEN } from './nothing-open';

export const looper: ContainerInfo = {
  id: CONTAINER_ID,
  name: 'looper',
  imageID: `sha256:${'1'.repeat(64)}`,
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
  upperDir: '/var/lib/docker/overlay2/0123/diff',
  logDriver: 'json-file',
  startedAt: '2026-01-01T00:00:00Z',
  raw: {},
};

export interface World {
  readonly container?: Partial<ContainerInfo>;
  readonly node?: Partial<NodeAccess>;
  readonly engine?: Partial<ContainerEngine>;
  readonly networks?: Partial<DockerNetworks>;
  readonly images?: Partial<ImageTransport>;
  readonly driver?: Partial<Driver>;
}

/** A node on which nothing stands against a migration, but for what the case changes. */
export function depsFor({
  container = {},
  node = {},
  engine = {},
  networks = {},
  images = {},
  driver = {},
}: World): AgentDeps {
  const info = { ...looper, ...container };
  const summary: ContainerSummary = { id: info.id, names: [info.name], labels: info.labels };
  return {
    migrations: { list: () => [] },
    engine: {
      list: () => Promise.resolve([summary]),
      inspect: () => Promise.resolve(info),
      info: () => Promise.resolve({ runtimes: {}, version: '28.5.2' }),
      findImage: () => Promise.resolve({ id: looper.imageID }),
      ...engine,
    },
    dockerNetworks: { named: (name: string) => Promise.resolve([networkInfo({ name })]), ...networks },
    images: { digestsOf: () => Promise.resolve([]), ...images },
    driver: { checkFreeze: () => Promise.resolve([]), checkWake: () => Promise.resolve([]), ...driver },
    node: {
      name: 'node-a',
      probeCriu: () => Promise.resolve({ ok: true }),
      probeVolume: () => Promise.resolve({ ok: true }),
      volumeID: () => Promise.resolve('volume-1'),
      establishedConnections: () => Promise.resolve([]),
      stoppedProcesses: () => Promise.resolve([]),
      dumpFacts: () => Promise.resolve(NOTHING_OPEN),
      pathExists: () => Promise.resolve(true),
      logSizeBytes: () => Promise.resolve(0),
      survey: () => Promise.resolve(nodeFacts()),
      measureClock: () => Promise.resolve({ offsetMicroseconds: 0, errorMicroseconds: 1 }),
      ...node,
    },
    store: { root: '/mnt/transship' },
    journal: new FileJournal('/nonexistent'),
  } as unknown as AgentDeps;
}

export const elsewhere: World = { container: { id: 'e'.repeat(64), name: 'somebody-else' } };

export const summarise = (checks: readonly Check[] = []): [string, boolean][] =>
  checks.map(({ reason, blocking }) => [reason, blocking]);
export const unavailable = (reason: string) => (): Promise<never> =>
  Promise.reject(new ReasonedError(reason, 'for the test'));

/** What may pass by itself is no reason to refuse for good: the look is tried again. */
export const passing: [string, World][] = [
  ['EngineUnreachable', { engine: { list: unavailable('EngineUnreachable'), info: unavailable('EngineUnreachable') } }],
  ['EngineTimedOut', { engine: { list: unavailable('EngineTimedOut') } }],
  ['VolumeHung', { node: { volumeID: unavailable('VolumeHung') } }],
  ...['VolumeHung', 'VolumeStale', 'VolumeIOError'].map((reason): [string, World] => [
    reason,
    { node: { probeVolume: () => Promise.resolve({ ok: false, reason, message: 'for the test' }) } },
  ]),
];

import { basename } from 'node:path';
import type { CheckpointStore, PublishedCheckpoint } from '../../src/agent/checkpoint-store-port';
import type { CriuOption } from '../../src/criu/options';
import type { Driver, DriverName, Finding, LazyMemory } from '../../src/driver/driver';
import type { WakeState } from '../../src/driver/driver';
import type { Clock } from '../../src/runtime/clock';
import { without } from '../../src/docker/record';
import { ReasonedError } from '../../src/runtime/errors';
import { digestOf } from '../../src/store/digest';
import { gonePath } from '../../src/store/difference';
import { volumeArchive } from '../../src/store/volume-archive';
import type { CheckpointKey } from '../../src/store/layout';
import type { ContainerLogs } from '../../src/store/log-files';
import type { Manifest } from '../../src/store/manifest-format';
import { pageBytes } from '../../src/store/page-images';
import type { FakeDocker } from './fake-docker';
import { FRESH } from './fake-docker';
import type { FakeMounts } from './fake-mounts';
import { archiveOf, textOf } from './fake-images';

const DIRECTORIES = { images: '/volume/images', work: '/volume/work' };

/** What lies on the shared volume of one migration. */
export interface FakeVolume {
  description?: string | undefined;
  /** The archive of the container's image. */
  image?: string | undefined;
  /** The memory that was dumped, and by how many dumps before it came to this one. */
  images?: { readonly memory: string; readonly dump: number } | undefined;
  /** The log as far as it was saved while the container ran. */
  logAhead?: string | undefined;
  /** The log that was saved. */
  log?: string | undefined;
  manifest?: { readonly manifest: Manifest; readonly published: PublishedCheckpoint } | undefined;
  /** The files of Docker volumes, by the name of the volume. */
  archives?: Record<string, Readonly<Record<string, string>>> | undefined;
  /** The files that were copied before the freeze, by their archive; none of a volume while this is not set. */
  base?: Record<string, Readonly<Record<string, string>>> | undefined;
  /** Whether volumes are worth to be copied before the freeze. */
  isWorthwhile?: boolean;
  /** What is gone since, by the name of the volume: those of which the freeze has saved the difference alone. */
  gone?: Record<string, readonly string[]> | undefined;
  /** The pages of memory are not what the manifest says. */
  arePagesDamaged?: boolean;
  /** Whether the last restore was to run before its memory was there; and where that is. */
  wasLazy?: boolean;
  memory?: LazyMemory;
  /** Dumps that were ever made. */
  dumps: number;
  /** Restores that were ever made. */
  restores: number;
  /** What CRIU was told at the last dump, and what for the last restore. */
  toldAtDump?: readonly CriuOption[] | undefined;
  toldAtRestore?: readonly CriuOption[] | undefined;
  /** Which addresses had to be there at the last restore. */
  addressesAtRestore?: readonly string[] | undefined;
  /** Whether the container was silent when it was dumped. */
  wasSilent?: boolean;
}

/** What stands against a driver on a node. */
export interface DriverProblems {
  readonly freeze?: readonly Finding[];
  readonly wake?: readonly Finding[];
  readonly lazy?: readonly Finding[];
}

/** The volume as the agents' steps on one node reach it. */
export function fakeStore(
  volume: FakeVolume,
  docker: FakeDocker,
  { files }: Pick<FakeMounts, 'files'>,
): CheckpointStore {
  const done = (): Promise<void> => Promise.resolve();
  return {
    root: '/volume',
    publishDescription: (_checkpoint, text) => {
      volume.description = text;
      return Promise.resolve({ digest: digestOf(text), sizeBytes: Buffer.byteLength(text) });
    },
    readDescription: () =>
      volume.description === undefined ? missing('DescriptionMissing') : Promise.resolve(volume.description),
    saveImage: async (_checkpoint, content) => {
      volume.image = await textOf(content);
      return { digest: digestOf(volume.image), sizeBytes: volume.image.length };
    },
    withImage: (_checkpoint, { digest }, _options, use) => {
      if (volume.image === undefined) return missing('ImageArchiveMissing');
      return digestOf(volume.image) === digest ? use(archiveOf(volume.image)) : missing('ImageArchiveCorrupt');
    },
    beginDump: () => {
      volume.images = undefined;
      volume.manifest = undefined;
      return Promise.resolve(DIRECTORIES);
    },
    prepareDirectories: () => Promise.resolve(DIRECTORIES),
    saveBase: (_checkpoint, _meta, trees) => {
      const worthwhile = trees.filter(({ directory }) => volume.isWorthwhile === true && files.has(directory));
      volume.base = undefined;
      if (worthwhile.length === 0) return Promise.resolve(undefined);
      volume.base = Object.fromEntries(
        worthwhile.map(({ archive, directory }) => [archive, { ...files.get(directory) }]),
      );
      return Promise.resolve({ digest: digestOf(JSON.stringify(volume.base)), sizeBytes: 7, files: 1 });
    },
    unpackBase: (_checkpoint, digest, trees) => {
      if (volume.base === undefined) return missing('CheckpointMissing');
      if (digestOf(JSON.stringify(volume.base)) !== digest) return missing('CheckpointCorrupt');
      for (const { archive, directory } of trees) Object.assign(files.get(directory) ?? {}, volume.base[archive]);
      return Promise.resolve();
    },
    followPages: done,
    saveWritableLayer: done,
    applyWritableLayer: done,
    saveLogsAhead: (_checkpoint, logs) => {
      volume.logAhead = docker.get(containerOf(logs)).log;
      return Promise.resolve();
    },
    copyLogs: (from, to) => {
      docker.change(containerOf(to), { log: docker.get(containerOf(from)).log });
      return Promise.resolve();
    },
    saveLogs: (_checkpoint, logs) => {
      volume.log = logs === undefined ? undefined : docker.get(containerOf(logs)).log;
      return Promise.resolve();
    },
    placeLogs: (_checkpoint, _manifest, logs) => {
      if (logs === undefined || volume.log === undefined) return Promise.resolve();
      if (docker.get(containerOf(logs)).state !== 'created') return missing('LogsNotPlaced');
      docker.change(containerOf(logs), { log: volume.log });
      return Promise.resolve();
    },
    saveVolume: (_checkpoint, { name, mountpoint }, base) => {
      const now = files.get(mountpoint) ?? {};
      const before = base === undefined ? undefined : volume.base?.[volumeArchive(name)];
      const changed = Object.entries(now).filter(([file, content]) => before?.[file] !== content);
      volume.archives = { ...volume.archives, [name]: Object.fromEntries(changed) };
      volume.gone = without(volume.gone ?? {}, (other) => other === name);
      if (before !== undefined) volume.gone[name] = Object.keys(before).filter((file) => !Object.hasOwn(now, file));
      return Promise.resolve();
    },
    fillVolume: (_checkpoint, { name, mountpoint }, _manifest, base) => {
      const into = files.get(mountpoint) ?? {};
      const gone = volume.gone?.[name];
      if (gone !== undefined && base === undefined) return missing('CheckpointCorrupt');
      if (gone !== undefined && base?.isUnpacked === false) Object.assign(into, volume.base?.[volumeArchive(name)]);
      for (const file of gone ?? []) Reflect.deleteProperty(into, file);
      Object.assign(into, volume.archives?.[name]);
      return Promise.resolve();
    },
    publishManifest: ({ uid, attempt }, meta) => {
      if (volume.images === undefined) return missing('CheckpointCorrupt');
      volume.manifest = publish(volume.images, volume, { ...meta, migrationUID: uid, attempt });
      return Promise.resolve(volume.manifest.published);
    },
    readManifest: () => Promise.resolve(volume.manifest),
    verify: (_checkpoint: CheckpointKey, digest, { pagesLater, onFilesVerified } = {}) => {
      if (volume.manifest === undefined) return missing('CheckpointMissing');
      if (volume.manifest.published.digest !== digest) return missing('CheckpointCorrupt');
      onFilesVerified?.(volume.manifest.manifest);
      if (volume.arePagesDamaged === true && pagesLater?.(pageBytes(volume.manifest.manifest)) !== true)
        return missing('CheckpointCorrupt');
      return Promise.resolve(volume.manifest.manifest);
    },
    verifyPages: () =>
      volume.manifest === undefined || volume.arePagesDamaged === true
        ? missing(volume.manifest === undefined ? 'CheckpointMissing' : 'CheckpointCorrupt')
        : Promise.resolve(volume.manifest.manifest),
    measure: () => Promise.resolve({ bytes: 0, files: 0 }),
    discard: () => {
      volume.manifest = undefined;
      Object.assign(volume, { description: undefined, images: undefined, log: undefined, archives: undefined });
      Object.assign(volume, { base: undefined, gone: undefined });
      Object.assign(volume, { description: undefined, image: undefined, images: undefined, manifest: undefined });
      return Promise.resolve();
    },
  };
}

function publish(
  images: NonNullable<FakeVolume['images']>,
  { archives, gone }: FakeVolume,
  meta: Omit<Manifest, 'version' | 'files'>,
): NonNullable<FakeVolume['manifest']> {
  const digest = digestOf(JSON.stringify([images, meta]));
  const lists = Object.keys(gone ?? {}).map((name) => gonePath(volumeArchive(name)));
  const paths = ['images/pages-1.img', ...Object.keys(archives ?? {}).map(volumeArchive), ...lists];
  return {
    manifest: { ...meta, version: 1, files: paths.map((path) => ({ path, sizeBytes: 7, digest })) },
    published: { path: 'default/move-01234567/1', digest, sizeBytes: 7, files: 1 },
  };
}

const containerOf = ({ containerDirectory }: ContainerLogs): string => basename(containerDirectory);
const missing = (reason: string): Promise<never> => Promise.reject(new ReasonedError(reason, 'not on the volume'));

/**
 * Freezes and wakes the containers of a fake Docker.
 * @param markers where each wake-up stands, as the files of the wrapper say
 */
export function fakeDriver(
  docker: FakeDocker,
  volume: FakeVolume,
  markers: Map<string, WakeState>,
  clock: Clock,
  name: DriverName = 'runc',
  problems: DriverProblems = {},
): Driver {
  const done = (): Promise<void> => Promise.resolve();
  const woken = (): { resumedAt: string; restoreMs: number } => {
    return { resumedAt: new Date(clock.now()).toISOString(), restoreMs: 1 };
  };
  return {
    name,
    checkFreeze: () => Promise.resolve(problems.freeze ?? []),
    checkWake: () => Promise.resolve(problems.wake ?? []),
    checkAddresses: () => Promise.resolve([]),
    checkLazy: () => Promise.resolve(problems.lazy ?? []),
    checkSilence: () => Promise.resolve([]),
    silence: ({ id }) => {
      docker.change(id, { isSilent: true });
      return Promise.resolve();
    },
    openNetwork: ({ pid }) => {
      const { id } = docker.containers.find((container) => container.pid === pid) ?? {};
      if (id !== undefined) docker.change(id, { isSilent: false });
      return Promise.resolve();
    },
    prepareDump: () => Promise.resolve({ root: '', help: '' }),
    dump: async ({ id }, _target, { closeConnections, criuOptions }) => {
      volume.toldAtDump = criuOptions;
      const { state, memory } = docker.get(id);
      if (state !== 'paused' || memory === undefined) throw new ReasonedError('NotFrozen', 'it is not paused');
      await closeConnections?.();
      volume.wasSilent = docker.get(id).isSilent === true;
      volume.images = { memory, dump: ++volume.dumps };
      return Promise.resolve({ dumpMs: 1 });
    },
    abandonDump: done,
    letRun: ({ id }) => {
      docker.change(id, { isSilent: false });
      return Promise.resolve();
    },
    createOptions: () => ({ runtime: name === 'runc' ? 'transship' : 'runc', annotations: {} }),
    arm: (id, _uid, _checkpoint, { criuOptions, addresses, lazyPages = false } = {}) => {
      volume.wasLazy = lazyPages;
      volume.toldAtRestore = criuOptions;
      volume.addressesAtRestore = addresses;
      markers.set(id, 'armed');
      return Promise.resolve();
    },
    wakeState: (id) => Promise.resolve(markers.get(id) ?? 'none'),
    wake: async (id) => {
      const state = markers.get(id);
      if (state === 'resumed') return woken();
      if (state !== 'armed' || volume.images === undefined)
        throw new ReasonedError('NotArmed', `the container is ${state ?? 'not armed'}`);
      // Docker has nothing to start.
      if (docker.get(id).pid !== 0) throw new ReasonedError('NotARestore', `container ${id} was begun anew`);
      volume.restores++;
      markers.set(id, 'resumed');
      docker.resume(id, volume.images.memory);
      return Promise.resolve(woken());
    },
    memory: (id) =>
      Promise.resolve(
        markers.get(id) === 'resumed' ? (volume.memory ?? { state: 'complete' }) : { state: 'lost', why: 'no marker' },
      ),
    prove: ({ id }) => {
      const container = docker.get(id);
      if (markers.get(id) !== 'resumed') throw new ReasonedError('NotARestore', `container ${id} was not woken up`);
      if (container.memory === FRESH) throw new ReasonedError('RestoreNotProven', `container ${id} was begun anew`);
      const found = container.pid === 0 ? {} : { startedMs: clock.now() };
      const tree = [{ pid: 1, ppid: 0, command: 'sh', threads: 1, startedMs: undefined, ...found }];
      const stats = { restoreMs: 1, pagesRestored: 7 };
      return Promise.resolve({ stats, processes: 1, threads: 1, found: container.pid === 0 ? 0 : 1, tree });
    },
    disarm: (id) => {
      if (markers.get(id) !== 'resumed') markers.set(id, 'failed');
      return Promise.resolve();
    },
    forget: (id) => {
      markers.delete(id);
      return Promise.resolve();
    },
    killFrozen: done,
  };
}

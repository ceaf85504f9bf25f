import type { CheckpointStore, PublishedCheckpoint } from '../../src/agent/ports';
import type { CriuOption } from '../../src/criu/options';
import type { Driver } from '../../src/driver/driver';
import type { WakeState } from '../../src/driver/driver';
import type { Clock } from '../../src/runtime/clock';
import { ReasonedError } from '../../src/runtime/errors';
import { digestOf } from '../../src/store/digest';
import type { CheckpointKey } from '../../src/store/layout';
import type { Manifest } from '../../src/store/manifest-format';
import type { FakeDocker } from './fake-docker';

const DIRECTORIES = { images: '/volume/images', work: '/volume/work' };

/** What lies on the shared volume of one migration. */
export interface FakeVolume {
  description?: string | undefined;
  /** The memory that was dumped, and by how many dumps before it came to this one. */
  images?: { readonly memory: string; readonly dump: number } | undefined;
  manifest?: { readonly manifest: Manifest; readonly published: PublishedCheckpoint } | undefined;
  /** Dumps that were ever made. */
  dumps: number;
  /** Restores that were ever made. */
  restores: number;
  /** What CRIU was told at the last dump, and what for the last restore. */
  toldAtDump?: readonly CriuOption[] | undefined;
  toldAtRestore?: readonly CriuOption[] | undefined;
}

/** The volume as the agents' steps reach it. */
export function fakeStore(volume: FakeVolume): CheckpointStore {
  const done = (): Promise<void> => Promise.resolve();
  return {
    root: '/volume',
    publishDescription: (_checkpoint, text) => {
      volume.description = text;
      return Promise.resolve({ digest: digestOf(text), sizeBytes: Buffer.byteLength(text) });
    },
    readDescription: () =>
      volume.description === undefined ? missing('DescriptionMissing') : Promise.resolve(volume.description),
    beginDump: () => {
      volume.images = undefined;
      volume.manifest = undefined;
      return Promise.resolve(DIRECTORIES);
    },
    prepareDirectories: () => Promise.resolve(DIRECTORIES),
    saveWritableLayer: done,
    applyWritableLayer: done,
    publishManifest: ({ uid, attempt }, meta) => {
      if (volume.images === undefined) return missing('CheckpointCorrupt');
      volume.manifest = publish(volume.images, { ...meta, migrationUID: uid, attempt });
      return Promise.resolve(volume.manifest.published);
    },
    readManifest: () => Promise.resolve(volume.manifest),
    verify: (_checkpoint: CheckpointKey, digest) => {
      if (volume.manifest === undefined) return missing('CheckpointMissing');
      return volume.manifest.published.digest === digest
        ? Promise.resolve(volume.manifest.manifest)
        : missing('CheckpointCorrupt');
    },
    measure: () => Promise.resolve({ bytes: 0, files: 0 }),
    discard: () => {
      Object.assign(volume, { description: undefined, images: undefined, manifest: undefined });
      return Promise.resolve();
    },
  };
}

function publish(
  images: NonNullable<FakeVolume['images']>,
  meta: Omit<Manifest, 'version' | 'files'>,
): NonNullable<FakeVolume['manifest']> {
  const digest = digestOf(JSON.stringify([images, meta]));
  return {
    manifest: { ...meta, version: 1, files: [{ path: 'images/pages-1.img', sizeBytes: 7, digest }] },
    published: { path: 'default/move-01234567/1', digest, sizeBytes: 7, files: 1 },
  };
}

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
): Driver {
  const done = (): Promise<void> => Promise.resolve();
  const woken = (): { resumedAt: string; restoreMs: number } => {
    return { resumedAt: new Date(clock.now()).toISOString(), restoreMs: 1 };
  };
  return {
    name: 'runc',
    checkFreeze: () => Promise.resolve([]),
    checkWake: () => Promise.resolve([]),
    dump: async ({ id }, _target, { criuOptions }) => {
      volume.toldAtDump = criuOptions;
      const { state, memory } = docker.get(id);
      if (state !== 'paused' || memory === undefined) throw new ReasonedError('NotFrozen', 'it is not paused');
      volume.images = { memory, dump: ++volume.dumps };
      return Promise.resolve({ dumpMs: 1 });
    },
    abandonDump: done,
    letRun: done,
    createOptions: () => ({ runtime: 'transship', annotations: {} }),
    arm: (id, _uid, _checkpoint, { criuOptions } = {}) => {
      volume.toldAtRestore = criuOptions;
      markers.set(id, 'armed');
      return Promise.resolve();
    },
    wakeState: (id) => Promise.resolve(markers.get(id) ?? 'none'),
    wake: async (id) => {
      const state = markers.get(id);
      if (state === 'resumed') return woken();
      if (state !== 'armed' || volume.images === undefined)
        throw new ReasonedError('NotArmed', `the container is ${state ?? 'not armed'}`);
      volume.restores++;
      markers.set(id, 'resumed');
      docker.resume(id, volume.images.memory);
      return Promise.resolve(woken());
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

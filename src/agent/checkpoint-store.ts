import { basename, dirname, join } from 'node:path';
import { MAX_DESCRIPTION_BYTES } from '../docker/description';
import type { CheckpointDirectories } from '../driver/driver';
import type { Clock } from '../runtime/clock';
import { untilAborted } from '../runtime/deadline';
import { ReasonedError } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { Pace } from '../runtime/pace';
import { readDescriptionFile } from '../store/description-file';
import type { FileDigest } from '../store/digest';
import { digestOf } from '../store/digest';
import { atomicWrite, ensureDirectory, makeEmptyDirectory, removeDirectory, removeFile } from '../store/files';
import { saveImageFile, withImageFile } from '../store/image-file';
import type { CheckpointKey, CheckpointPaths } from '../store/layout';
import { checkpointPaths, IMAGES, LOGS, VOLUMES, WRITABLE_LAYER } from '../store/layout';
import { carriedLogs, listLogFiles } from '../store/log-files';
import type { VerifyOptions } from '../store/manifest';
import { publishManifest, readManifest, verifyCheckpoint } from '../store/manifest';
import type { Manifest } from '../store/manifest-format';
import { measureDirectory } from '../store/measure';
import { isPageImage, pageBytes } from '../store/page-images';
import { PagesAhead } from '../store/pages-ahead';
import { placeLogs } from '../store/place-logs';
import { LogSaver } from '../store/save-logs';
import { fillVolume, saveVolume, volumeArchive, volumeNotFilled, volumeNotSaved } from '../store/volume-archive';
import { applyLayer, isLayerEmpty, LAYER_NOT_APPLIED, LAYER_NOT_SAVED, saveLayer } from '../store/writable-layer';
import type { CheckpointStore } from './checkpoint-store-port';
import type { Deadlines } from './ports';
import { Recent } from './recent';
import { createTreeStore } from './tree-store';
import type { VolumeAccess } from './volume-access';
import { VOLUME_TIMEOUT_MS } from './volume-access';

export interface CheckpointStoreOptions {
  /** Where the shared volume is mounted. */
  readonly root: string;
  /** Name of this node. */
  readonly node: string;
  readonly volume: VolumeAccess;
  /** Runs programs on the node. */
  readonly commands: CommandRunner;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** How fast this node may write to the volume before the freeze; as fast as it can when absent. */
  readonly pace?: Pace | undefined;
  /** Called while the container runs and digests are soon to be taken: what takes them gets ready. */
  readonly warmUp?: () => void;
}

/** The checkpoints as they lie on the shared volume (src/store). */
export function createCheckpointStore(options: CheckpointStoreOptions): CheckpointStore {
  const { root, node, volume, commands, clock, deadlines, pace, warmUp } = options;
  const pathsOf = (checkpoint: CheckpointKey): CheckpointPaths => checkpointPaths(root, checkpoint);
  const directoriesOf = ({ images, work }: CheckpointPaths): CheckpointDirectories => {
    // The images are common, CRIU's logs each node's own.
    return { images, work: join(work, node) };
  };
  // Programs have a deadline of their own, after which they are killed; what is left are file calls.
  const commandMs = { save: deadlines.dumpMs, apply: deadlines.wakeMs };
  const inTheMaking = new Recent(() => ({ logs: new LogSaver(), pages: new PagesAhead() }));
  const trees = createTreeStore({
    ...{ root, volume, clock, pathsOf, commandMs, pace },
    commands: (signal) => abortable(commands, signal),
  });
  let measuring = false;
  const verify = (
    checkpoint: CheckpointKey,
    manifestDigest: string,
    how: Pick<VerifyOptions, 'onProgress' | 'choose' | 'first'>,
  ): Promise<Manifest> =>
    volume.within(VOLUME_TIMEOUT_MS, (signal) =>
      verifyCheckpoint(pathsOf(checkpoint).directory, manifestDigest, {
        ...{ clock, signal, root, ...how },
        expected: { migrationUID: checkpoint.uid, attempt: checkpoint.attempt },
      }),
    );

  return {
    root,
    saveBase: trees.saveBase,
    unpackBase: trees.unpackBase,
    publishDescription: (checkpoint, text) => {
      warmUp?.();
      return volume.within(VOLUME_TIMEOUT_MS, async (signal) => {
        const { directory, description } = pathsOf(checkpoint);
        await ensureDirectory(root, directory);
        signal.throwIfAborted();
        await atomicWrite(description, text);
        return { digest: digestOf(text), sizeBytes: Buffer.byteLength(text) };
      });
    },
    readDescription: (checkpoint, expected) => {
      warmUp?.();
      return volume.within(VOLUME_TIMEOUT_MS, () =>
        readDescriptionFile(root, pathsOf(checkpoint), expected, { maxBytes: MAX_DESCRIPTION_BYTES, clock }),
      );
    },
    saveImage: (checkpoint, content, options) =>
      volume.within(
        options.limitMs + VOLUME_TIMEOUT_MS,
        async (signal) => {
          const { directory, imageArchive } = pathsOf(checkpoint);
          await ensureDirectory(root, directory);
          return saveImageFile(imageArchive, content, { ...options, signal, pace });
        },
        options.signal,
      ),
    withImage: (checkpoint, expected, options, use) =>
      volume.within(
        options.limitMs + VOLUME_TIMEOUT_MS,
        (signal) => withImageFile(pathsOf(checkpoint).imageArchive, expected, { ...options, root, clock, signal }, use),
        options.signal,
      ),
    beginDump: (checkpoint) => {
      warmUp?.();
      return volume.within(VOLUME_TIMEOUT_MS, async (signal) => {
        const paths = pathsOf(checkpoint);
        const directories = directoriesOf(paths);
        await makeEmptyDirectory(root, directories.work);
        signal.throwIfAborted();
        await removeFile(paths.manifest);
        return directories;
      });
    },
    prepareDirectories: (checkpoint) =>
      volume.within(VOLUME_TIMEOUT_MS, async () => {
        const directories = directoriesOf(pathsOf(checkpoint));
        // Refuses symlinks on the way, and removes those that CRIU would write its logs through.
        await makeEmptyDirectory(root, directories.work);
        return directories;
      }),
    saveWritableLayer: (checkpoint, upperDir, base) => {
      const { writableLayer } = pathsOf(checkpoint);
      const tree = { archive: WRITABLE_LAYER, directory: upperDir };
      return trees.save(checkpoint, tree, base, LAYER_NOT_SAVED, async () => {
        // What somebody else put there would be published, and unpacked on the target.
        if (await isLayerEmpty(upperDir)) return volume.within(VOLUME_TIMEOUT_MS, () => removeFile(writableLayer));
        await volume.within(commandMs.save + VOLUME_TIMEOUT_MS, (signal) =>
          saveLayer(abortable(commands, signal), upperDir, writableLayer, commandMs.save),
        );
      });
    },
    applyWritableLayer: (checkpoint, upperDir, manifest, base) => {
      const tree = { archive: WRITABLE_LAYER, directory: upperDir };
      return trees.apply(checkpoint, tree, manifest, base, LAYER_NOT_APPLIED, () =>
        volume.within(commandMs.apply + VOLUME_TIMEOUT_MS, (signal) =>
          applyLayer(abortable(commands, signal), pathsOf(checkpoint).writableLayer, upperDir, commandMs.apply),
        ),
      );
    },
    saveLogsAhead: (checkpoint, logs) =>
      volume.within(commandMs.save + VOLUME_TIMEOUT_MS, async (signal) => {
        const { directory, logs: directoryOfLogs } = pathsOf(checkpoint);
        await inTheMaking.of(directory).logs.saveAhead(logs, { root, directory: directoryOfLogs, clock, signal });
      }),
    saveLogs: (checkpoint, logs) =>
      volume.within(commandMs.save + VOLUME_TIMEOUT_MS, async (signal) => {
        const { directory, logs: directoryOfLogs } = pathsOf(checkpoint);
        await inTheMaking.of(directory).logs.save(logs, { root, directory: directoryOfLogs, clock, signal });
      }),
    placeLogs: async (checkpoint, { files }, logs) => {
      const carried = carriedLogs(files, logs?.driver);
      if (logs === undefined || carried.length === 0) return;
      await volume.within(commandMs.apply + VOLUME_TIMEOUT_MS, (signal) =>
        placeLogs(abortable(commands, signal), pathsOf(checkpoint).directory, carried, logs, commandMs.apply),
      );
    },
    copyLogs: async (from, to) => {
      const files = await listLogFiles(from);
      const named = files.map(({ suffix, sizeBytes }) => ({ path: basename(from.path) + suffix, suffix, sizeBytes }));
      await placeLogs(commands, dirname(from.path), named, to, commandMs.apply);
    },
    saveVolume: async (checkpoint, from, base) => {
      const paths = pathsOf(checkpoint);
      const tree = { archive: volumeArchive(from.name), directory: from.mountpoint };
      await volume.within(VOLUME_TIMEOUT_MS, () => ensureDirectory(root, join(paths.directory, VOLUMES)));
      await trees.save(checkpoint, tree, base, volumeNotSaved(from), () =>
        volume.within(commandMs.save + VOLUME_TIMEOUT_MS, (signal) =>
          saveVolume(abortable(commands, signal), paths, from, commandMs.save),
        ),
      );
    },
    fillVolume: (checkpoint, into, manifest, base) => {
      const tree = { archive: volumeArchive(into.name), directory: into.mountpoint };
      return trees.apply(checkpoint, tree, manifest, base, volumeNotFilled(into), () =>
        volume.within(commandMs.apply + VOLUME_TIMEOUT_MS, (signal) =>
          fillVolume(abortable(commands, signal), pathsOf(checkpoint), into, commandMs.apply),
        ),
      );
    },
    followPages: async (checkpoint, dumped) => {
      const { directory } = pathsOf(checkpoint);
      // Not by the volume's deadlines: whoever waits for a volume that hangs is the dump, and this ends with it.
      const following = inTheMaking.of(directory).pages.follow(directory, { clock, signal: dumped });
      await untilAborted(following, dumped).catch(() => undefined);
    },
    publishManifest: (checkpoint, meta) =>
      volume.within(deadlines.dumpMs + VOLUME_TIMEOUT_MS, async (signal) => {
        const { directory, relative } = pathsOf(checkpoint);
        const { uid: migrationUID, attempt } = checkpoint;
        const { logs, pages } = inTheMaking.of(directory);
        const digests = logDigests(logs);
        const known = { signal, digests, pieces: pages.pieces };
        const published = await publishManifest(directory, { ...meta, migrationUID, attempt }, known);
        inTheMaking.forget(directory);
        return { path: relative, ...published };
      }),
    readManifest: (checkpoint) =>
      volume.within(VOLUME_TIMEOUT_MS, async () => {
        const { directory, relative } = pathsOf(checkpoint);
        const found = await readManifest(directory, { root });
        return found === undefined
          ? undefined
          : { manifest: found.manifest, published: { path: relative, ...found.published } };
      }),
    verify: (checkpoint, manifestDigest, { onBytes, pagesLater, onFilesVerified } = {}) =>
      verify(checkpoint, manifestDigest, {
        onProgress: onBytes,
        choose: (manifest) => {
          const leavesOut = pagesLater?.(pageBytes(manifest)) === true;
          return (file) => !leavesOut || !isPageImage(file);
        },
        first: (manifest) => ({ includes: isOfContainer, onVerified: () => onFilesVerified?.(manifest) }),
      }),
    verifyPages: (checkpoint, manifestDigest, onProgress) =>
      verify(checkpoint, manifestDigest, { onProgress, choose: () => isPageImage }),
    measure: async (checkpoint) => {
      // Not by the volume's deadlines: what is only a figure must not keep anything waiting for its end when it hangs.
      if (measuring)
        throw new ReasonedError('VolumeHung', 'the volume was asked for a figure before, and did not answer');
      measuring = true;
      try {
        return await measureDirectory(pathsOf(checkpoint).directory);
      } finally {
        measuring = false;
      }
    },
    discard: (checkpoint) =>
      volume.within(VOLUME_TIMEOUT_MS, () => removeDirectory(root, pathsOf(checkpoint).migration)),
  };
}

/** Digests of the log files that were copied, by their paths below the checkpoint's directory. */
function logDigests(logs: LogSaver): ReadonlyMap<string, FileDigest> {
  return new Map([...logs.digests()].map(([name, digest]) => [join(LOGS, name), digest]));
}

/** Whether the container had changed files when it was frozen. */
export function holdsWritableLayer({ files }: Manifest): boolean {
  return files.some(({ path }) => path === WRITABLE_LAYER);
}

/** What is put in place in a container before it wakes up: its changed files and its log. */
function isOfContainer({ path }: Manifest['files'][number]): boolean {
  return ![IMAGES, VOLUMES].some((directory) => path.startsWith(`${directory}/`));
}

/** The same commands, killed with everything they started when the signal is aborted. */
function abortable(commands: CommandRunner, signal: AbortSignal): CommandRunner {
  return { run: (file, args, options) => commands.run(file, args, { ...options, signal }) };
}

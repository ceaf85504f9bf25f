import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { Pace } from '../runtime/pace';
import { readBaseIndex, saveBase, unpackBase } from '../store/base';
import type { CarriedTree } from '../store/base-archive';
import type { BaseIndex } from '../store/base-index';
import { applyDifference, gonePath, isDifference, saveDifference } from '../store/difference';
import type { CheckpointKey, CheckpointPaths } from '../store/layout';
import type { Manifest } from '../store/manifest-format';
import type { CheckpointStore, UnpackedBase } from './checkpoint-store-port';
import type { VolumeAccess } from './volume-access';
import { VOLUME_TIMEOUT_MS } from './volume-access';

/** How a failure is told. */
interface Told {
  readonly reason: string;
  readonly message: string;
}

/** The trees that go along in a checkpoint, copied before the freeze or not. */
export interface TreeStore extends Pick<CheckpointStore, 'saveBase' | 'unpackBase'> {
  /**
   * Saves a tree that stands still: what has changed since its base, or else as `whole` does.
   * @param base digest of the base's manifest, when there is one
   */
  save(
    checkpoint: CheckpointKey,
    tree: CarriedTree,
    base: string | undefined,
    told: Told,
    whole: () => Promise<void>,
  ): Promise<void>;
  /** Makes of a tree what it was at the freeze; `whole` unpacks an archive of everything. */
  apply(
    checkpoint: CheckpointKey,
    tree: CarriedTree,
    manifest: Manifest,
    base: UnpackedBase | undefined,
    told: Told,
    whole: () => Promise<void>,
  ): Promise<void>;
}

export interface TreeStoreOptions {
  readonly root: string;
  readonly volume: VolumeAccess;
  /** The programs of the node, killed when the signal is aborted. */
  readonly commands: (signal: AbortSignal) => CommandRunner;
  readonly clock: Clock;
  readonly pathsOf: (checkpoint: CheckpointKey) => CheckpointPaths;
  /** How fast files may be written to the volume before the freeze. */
  readonly pace: Pace | undefined;
  readonly commandMs: { readonly save: number; readonly apply: number };
}

/** On the shared volume, by the programs of the node. */
export function createTreeStore(options: TreeStoreOptions): TreeStore {
  const { root, volume, commands, clock, pathsOf, commandMs, pace } = options;
  const metaOf = ({ uid, attempt }: CheckpointKey): { migrationUID: string; attempt: number } => {
    return { migrationUID: uid, attempt };
  };
  const unpack = (
    checkpoint: CheckpointKey,
    digest: string,
    trees: readonly CarriedTree[],
    { limitMs, signal: given }: { readonly limitMs: number; readonly signal?: AbortSignal },
  ): Promise<void> =>
    volume.within(
      limitMs + VOLUME_TIMEOUT_MS,
      (signal) => {
        const limits = { timeoutMs: limitMs, clock, signal, expected: metaOf(checkpoint) };
        return unpackBase(commands(signal), { root, base: pathsOf(checkpoint).base }, digest, trees, limits);
      },
      given,
    );
  return {
    saveBase: (checkpoint, meta, trees, { limitMs, signal: given }) =>
      volume.within(
        limitMs + VOLUME_TIMEOUT_MS,
        (signal) => {
          const limits = { timeoutMs: limitMs, clock, signal, ...(pace === undefined ? {} : { pace }) };
          const place = { root, base: pathsOf(checkpoint).base };
          return saveBase(commands(signal), place, trees, { ...meta, ...metaOf(checkpoint) }, limits);
        },
        given,
      ),
    unpackBase: unpack,
    save: async (checkpoint, tree, base, told, whole) => {
      const { directory, base: place } = pathsOf(checkpoint);
      const isSaved = await volume.within(commandMs.save + VOLUME_TIMEOUT_MS, async (signal) => {
        const index = base === undefined ? undefined : await indexOf({ root, base: place }, base, tree.archive);
        if (index !== undefined) {
          const limits = { ...told, clock, timeoutMs: commandMs.save, scratch: directory };
          if (await saveDifference(commands(signal), directory, tree, index, limits)) return true;
        }
        signal.throwIfAborted();
        // With it the archive would be taken for a difference.
        await rm(join(directory, gonePath(tree.archive)), { force: true });
        return false;
      });
      if (!isSaved) await whole();
    },
    apply: async (checkpoint, tree, manifest, base, told, whole) => {
      if (!isDifference(manifest, tree.archive)) return whole();
      if (base === undefined) {
        throw new ReasonedError(
          'CheckpointCorrupt',
          `${tree.archive} is a difference, and nothing is known of its base`,
        );
      }
      if (!base.isUnpacked) await unpack(checkpoint, base.digest, [tree], { limitMs: commandMs.apply });
      await volume.within(commandMs.apply + VOLUME_TIMEOUT_MS, (signal) => {
        const limits = { ...told, clock, timeoutMs: commandMs.apply };
        return applyDifference(commands(signal), pathsOf(checkpoint).directory, tree, limits);
      });
    },
  };
}

/** Without an index everything is saved, which is as exact: one that was tampered with is no reason to fail. */
async function indexOf(
  place: { readonly root: string; readonly base: string },
  digest: string,
  archive: string,
): Promise<BaseIndex | undefined> {
  try {
    return await readBaseIndex(place, digest, archive);
  } catch (error) {
    if (['CheckpointCorrupt', 'NotARegularFile'].includes(reasonOf(error, ''))) return undefined;
    throw error;
  }
}

import type { ContainerMigration } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import type { CheckpointDirectories } from '../driver/driver';
import { allDone } from '../runtime/all-done';
import { ReasonedError } from '../runtime/errors';
import type { CheckpointKey } from '../store/layout';
import { WRITABLE_LAYER } from '../store/layout';
import type { Manifest } from '../store/manifest-format';
import { checkpointOf } from './checkpoint-key';
import { holdsWritableLayer } from './checkpoint-store';
import type { UnpackedBase } from './checkpoint-store-port';
import { containerLogs } from './container-logs';
import { requireImage } from './created-container';
import type { AgentDeps } from './ports';
import { emptyUnlessBase, unpackedBase } from './pre-copied';

/** Puts the files of the container's volumes in place, where they are not there already. Can be repeated. */
export type FillVolumes = (
  migration: ContainerMigration,
  container: ContainerInfo,
  manifest: Manifest,
  deps: AgentDeps,
) => Promise<void>;

/** A container that was never started, and has the changed files and the log of a checkpoint. */
export interface Filled {
  readonly container: ContainerInfo;
  /** Of the checkpoint, which was verified. */
  readonly manifest: Manifest;
  readonly manifestDigest: string;
  /** Of that checkpoint, on this node. */
  readonly directories: CheckpointDirectories;
}

/**
 * Puts the changed files and the log in place, in a container that was created and never started. Can be repeated.
 *
 * @param manifestDigest that of the checkpoint that was verified
 * @param fillVolumes at the same time
 * @throws ReasonedError AlreadyRan, ImageDiffers, CheckpointCorrupt, and what those throw that put something in place
 */
export async function fill(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  fillVolumes?: FillVolumes,
): Promise<Filled> {
  const { store } = deps;
  requireFillable(migration, container, deps);
  const checkpoint = checkpointOf(migration);
  const [directories, found] = await allDone(store.prepareDirectories(checkpoint), store.readManifest(checkpoint));
  if (found?.published.digest !== manifestDigest) {
    throw new ReasonedError('CheckpointCorrupt', 'the manifest on the volume is not the one that was verified');
  }
  const { manifest } = found;
  await fillFrom(migration, container, manifest, deps, fillVolumes);
  return { container, manifest, manifestDigest, directories };
}

/** As fill, for whoever has just verified the checkpoint and holds its manifest: inside the downtime nothing is read twice. */
export async function fillFrom(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifest: Manifest,
  deps: AgentDeps,
  fillVolumes?: FillVolumes,
): Promise<void> {
  requireFillable(migration, container, deps);
  const checkpoint = checkpointOf(migration);
  const base = unpackedBase(migration, container);
  // Each goes to a place of its own, and starts programs of its own.
  await allDone(
    applyLayer(checkpoint, container, manifest, base, deps),
    fillVolumes?.(migration, container, manifest, deps) ?? Promise.resolve(),
    // Docker goes on writing where they end.
    deps.store.placeLogs(checkpoint, manifest, containerLogs(container)),
  );
}

function requireFillable(
  migration: ContainerMigration,
  container: ContainerInfo,
  { node }: Pick<AgentDeps, 'node'>,
): void {
  if (container.state !== 'created') {
    // The markers lie on a tmpfs: after a reboot they are gone, and the container must not be restored a second time.
    throw new ReasonedError(
      'AlreadyRan',
      `container ${container.name} on ${node.name} has run already and is ${container.state}; was the node restarted, or the mark of the wake-up removed?`,
    );
  }
  requireImage(migration, container);
}

async function applyLayer(
  checkpoint: CheckpointKey,
  container: ContainerInfo,
  manifest: Manifest,
  base: UnpackedBase | undefined,
  deps: AgentDeps,
): Promise<void> {
  const { store, node } = deps;
  if (container.upperDir !== undefined) {
    await emptyUnlessBase(WRITABLE_LAYER, container.upperDir, manifest, base, deps);
  }
  if (!holdsWritableLayer(manifest)) return;
  if (container.upperDir === undefined) {
    throw new ReasonedError(
      'StorageDriverUnsupported',
      `Docker on ${node.name} does not tell where the container's changed files lie; the storage driver must be overlay2`,
    );
  }
  await store.applyWritableLayer(checkpoint, container.upperDir, manifest, base);
}

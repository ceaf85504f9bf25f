import type { ContainerMigration } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import { ReasonedError } from '../runtime/errors';
import { checkpointOf } from './checkpoint-key';
import { holdsWritableLayer } from './checkpoint-store';
import { containerLogs } from './container-logs';
import { requireImage } from './created-container';
import type { Manifest } from '../store/manifest-format';
import { reportedOptions } from './criu-options';
import type { AgentDeps } from './ports';

/** Fills the volumes of a container that was never started. Can be repeated. */
export type FillVolumes = (
  migration: ContainerMigration,
  container: ContainerInfo,
  manifest: Manifest,
  deps: AgentDeps,
) => Promise<void>;

/** How a wake-up went. */
export interface WokenUp {
  /** RFC 3339, this node's clock; undefined when an earlier life of the agent began it. */
  readonly wakeStartedAt: string | undefined;
  /** RFC 3339, when the processes ran on. */
  readonly resumedAt: string;
}

/**
 * Wakes a created container up from the migration's checkpoint, or continues what an earlier life of the agent began.
 * Never restores twice: the marker is consumed before the restore, and a start that finds it consumed reports what
 * came of it.
 *
 * @param manifestDigest that of the checkpoint that was verified
 * @param fillVolumes puts the files of the container's volumes in place, where they are not there already
 */
export async function wakeUp(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  fillVolumes?: FillVolumes,
): Promise<WokenUp> {
  const { driver, clock } = deps;
  const before = await driver.wakeState(container.id);
  if (before === 'none') await arm(migration, container, manifestDigest, deps, fillVolumes);
  const startedMs = clock.now();
  const { resumedAt } = await driver.wake(container.id, { timeoutMs: deps.deadlines.wakeMs });
  await requireStarted(container.id, deps);
  return { wakeStartedAt: before === 'none' ? new Date(startedMs).toISOString() : undefined, resumedAt };
}

/** Whether a container has run on from the checkpoint, whatever became of it since. */
export async function hasRunOn(container: ContainerInfo, { driver }: Pick<AgentDeps, 'driver'>): Promise<boolean> {
  if (container.pid !== 0) return true;
  return container.state !== 'created' && (await driver.wakeState(container.id)) === 'resumed';
}

/** Up to the start: the changed files, those of the volumes, the log, then the marker that makes the start a restore. */
async function arm(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  fillVolumes?: FillVolumes,
): Promise<void> {
  const { node, store, driver } = deps;
  if (container.state !== 'created') {
    // The markers lie on a tmpfs: after a reboot they are gone, and the container must not be restored a second time.
    throw new ReasonedError(
      'AlreadyRan',
      `container ${container.name} on ${node.name} has run already and is ${container.state}; was the node restarted?`,
    );
  }
  requireImage(migration, container);
  const checkpoint = checkpointOf(migration);
  const directories = await store.prepareDirectories(checkpoint);
  const found = await store.readManifest(checkpoint);
  if (found?.published.digest !== manifestDigest) {
    throw new ReasonedError('CheckpointCorrupt', 'the manifest on the volume is not the one that was verified');
  }
  if (holdsWritableLayer(found.manifest)) {
    if (container.upperDir === undefined) {
      throw new ReasonedError(
        'StorageDriverUnsupported',
        `Docker on ${node.name} does not tell where the container's changed files lie; the storage driver must be overlay2`,
      );
    }
    await store.applyWritableLayer(checkpoint, container.upperDir);
  }
  await fillVolumes?.(migration, container, found.manifest, deps);
  // Docker goes on writing where they end.
  await store.placeLogs(checkpoint, found.manifest, containerLogs(container));
  const criuOptions = reportedOptions(migration.status.source);
  await driver.arm(container.id, migration.metadata.uid, directories, { criuOptions });
}

/** The marker alone is no proof: a wrapper that dies at the very end leaves it behind a start that failed. */
async function requireStarted(containerID: string, { engine, node }: AgentDeps): Promise<void> {
  const container = await engine.inspect(containerID);
  if (container !== undefined && container.state !== 'created') return;
  throw new ReasonedError('StartFailed', `the container was restored on ${node.name}, but Docker did not start it`);
}

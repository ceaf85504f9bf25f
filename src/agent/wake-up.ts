import type { ContainerMigration } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import type { RestoreProof } from '../driver/restore-proof';
import { allDone } from '../runtime/all-done';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { CheckpointKey } from '../store/layout';
import { WRITABLE_LAYER } from '../store/layout';
import type { Manifest } from '../store/manifest-format';
import { checkpointOf } from './checkpoint-key';
import { holdsWritableLayer } from './checkpoint-store';
import type { UnpackedBase } from './checkpoint-store-port';
import { containerLogs } from './container-logs';
import { requireImage } from './created-container';
import { reportedOptions } from './criu-options';
import { openAddresses } from './move-hook/source-steps';
import { takeAddresses } from './move-hook/wake-steps';
import { addressesToRestore } from './networks/kept-addresses';
import type { AgentDeps } from './ports';
import { emptyUnlessBase, unpackedBase } from './pre-copied';

/** Puts what is no part of the checkpoint's images in place, in a container that was never started. Can be repeated. */
export type FillVolumes = (
  migration: ContainerMigration,
  container: ContainerInfo,
  manifest: Manifest,
  deps: AgentDeps,
) => Promise<void>;

/** How a wake-up differs from others. */
export interface WakeSettings {
  /** Puts the files of the container's volumes in place, where they are not there already. */
  readonly fillVolumes?: FillVolumes;
  /** The container runs before its memory is there: see `Driver.arm`. */
  readonly lazyPages?: boolean;
}

/** How a wake-up went. */
export interface WokenUp {
  /** RFC 3339, this node's clock; undefined when an earlier life of the agent began it. */
  readonly wakeStartedAt: string | undefined;
  /** RFC 3339, when the processes ran on. */
  readonly resumedAt: string;
  readonly proof: RestoreProof;
}

/** A container runs, or has run, and it is not the one that was dumped: whatever it does, it goes. */
const BEGUN_ANEW = new Set(['NotARestore', 'RestoreNotProven', 'AlreadyRan']);

/** True for a failure of `wakeUp` after which no container may stay, even though one runs. */
export function isBegunAnew(error: unknown): boolean {
  return BEGUN_ANEW.has(reasonOf(error, ''));
}

/**
 * Wakes a created container up from the migration's checkpoint, or continues what an earlier life of the agent began.
 * Never restores twice: the marker is consumed before the restore, and a start that finds it consumed reports what
 * came of it. A container that was begun anew instead is none that was woken up (`isBegunAnew`).
 *
 * @param manifestDigest that of the checkpoint that was verified
 */
export async function wakeUp(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  settings: WakeSettings = {},
): Promise<WokenUp> {
  const { driver, clock } = deps;
  const before = await driver.wakeState(container.id);
  const isToStart = before === 'none' || before === 'armed';
  await allDone(
    before === 'none' ? arm(migration, container, manifestDigest, deps, settings) : Promise.resolve(),
    isToStart ? takeAddresses(migration, container, deps) : Promise.resolve(),
  );
  const startedMs = clock.now();
  const { resumedAt } = await driver.wake(container.id, { timeoutMs: deps.deadlines.wakeMs });
  await openAddresses(migration, deps);
  // The container runs: from here on nobody waits.
  const started = await requireStarted(container.id, deps);
  if (addressesOf(migration, container) !== undefined && started.pid !== 0) await driver.openNetwork(started);
  const proof = await driver.prove(started);
  return { wakeStartedAt: before === 'none' ? new Date(startedMs).toISOString() : undefined, resumedAt, proof };
}

/**
 * Whether a container has run on from the checkpoint, whatever became of it since: what its marker says, until it is
 * proved. One that runs without a marker may have done so, and its wake-up been settled.
 */
export async function hasRunOn(container: ContainerInfo, { driver }: Pick<AgentDeps, 'driver'>): Promise<boolean> {
  if (container.state === 'created' && container.pid === 0) return false;
  const state = await driver.wakeState(container.id);
  return state === 'resumed' || (state === 'none' && container.pid !== 0);
}

/** Up to the start: the changed files, those of the volumes, the log, then the marker that makes the start a restore. */
async function arm(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  { fillVolumes, lazyPages = false }: WakeSettings,
): Promise<void> {
  const { node, store, driver } = deps;
  if (container.state !== 'created') {
    // The markers lie on a tmpfs: after a reboot they are gone, and the container must not be restored a second time.
    throw new ReasonedError(
      'AlreadyRan',
      `container ${container.name} on ${node.name} has run already and is ${container.state}; was the node restarted, or the mark of the wake-up removed?`,
    );
  }
  requireImage(migration, container);
  const checkpoint = checkpointOf(migration);
  const [directories, found] = await allDone(store.prepareDirectories(checkpoint), store.readManifest(checkpoint));
  if (found?.published.digest !== manifestDigest) {
    throw new ReasonedError('CheckpointCorrupt', 'the manifest on the volume is not the one that was verified');
  }
  const base = unpackedBase(migration, container);
  // Each goes to a place of its own, and starts programs of its own.
  await allDone(
    applyLayer(checkpoint, container, found.manifest, base, deps),
    fillVolumes?.(migration, container, found.manifest, deps) ?? Promise.resolve(),
    // Docker goes on writing where they end.
    store.placeLogs(checkpoint, found.manifest, containerLogs(container)),
  );
  const criuOptions = reportedOptions(migration.status.source);
  const addresses = addressesOf(migration, container);
  await driver.arm(container.id, migration.metadata.uid, directories, {
    criuOptions,
    ...(addresses === undefined ? {} : { addresses }),
    ...(lazyPages ? { lazyPages } : {}),
  });
}

function addressesOf({ spec, status }: ContainerMigration, { networkMode }: ContainerInfo): string[] | undefined {
  return addressesToRestore(status.source ?? {}, spec, networkMode);
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

/** The marker alone is no proof: a wrapper that dies at the very end leaves it behind a start that failed. */
async function requireStarted(containerID: string, { engine, node }: AgentDeps): Promise<ContainerInfo> {
  const container = await engine.inspect(containerID);
  if (container !== undefined && container.state !== 'created') return container;
  throw new ReasonedError('StartFailed', `the container was restored on ${node.name}, but Docker did not start it`);
}

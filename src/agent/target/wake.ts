import type { ContainerMigration, TargetStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import type { Manifest } from '../../store/manifest-format';
import { checkpointOf } from '../checkpoint-key';
import { holdsWritableLayer } from '../checkpoint-store';
import type { AgentDeps } from '../ports';
import { findOurs } from './ours';

/**
 * After the claim: wakes the container up, or continues what an earlier life of the agent began. Never restores twice:
 * the marker is consumed before the restore, and a start that finds it consumed reports what came of it.
 */
export async function wakeTarget(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const { driver, engine, clock } = deps;
  const container = await findOurs(migration, deps);
  if (container === undefined) {
    throw new ReasonedError(
      'TargetLost',
      `the container that was created for the migration on ${deps.node.name} is gone`,
    );
  }
  const before = await driver.wakeState(container.id);
  if (before === 'none') await armTarget(migration, container, deps);
  const wakeStartedMs = clock.now();
  const woken = await driver.wake(container.id, { timeoutMs: deps.deadlines.wakeMs });
  await requireStarted(container.id, deps);
  const policy = migration.status.source?.restartPolicy;
  if (policy !== undefined) await engine.setRestartPolicy(container.id, policy);
  const startedAt = await startTime(container.id, status, deps);
  return {
    ...withoutError(status),
    state: 'Restored',
    // A start by an earlier life has a beginning that nobody remembers.
    ...(before === 'none' ? { wakeStartedAt: new Date(wakeStartedMs).toISOString() } : {}),
    resumedAt: woken.resumedAt,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/** An error of an earlier try is over. */
function withoutError(status: TargetStatus): TargetStatus {
  const rest = { ...status };
  delete rest.error;
  return rest;
}

/** Everything up to the start: the changed files, then the marker that makes the start a restore. */
async function armTarget(migration: ContainerMigration, container: ContainerInfo, deps: AgentDeps): Promise<void> {
  if (container.state !== 'created') {
    // The markers lie on a tmpfs: after a reboot they are gone, and the container must not be restored a second time.
    throw new ReasonedError(
      'RestoreInterrupted',
      `container ${container.name} on ${deps.node.name} has run already and is ${container.state}; was the node restarted?`,
    );
  }
  const directories = await deps.store.prepareDirectories(checkpointOf(migration));
  const manifest = await claimedManifest(migration, deps);
  if (holdsWritableLayer(manifest)) await applyWritableLayer(migration, container, deps);
  await deps.driver.arm(container.id, migration.metadata.uid, directories);
}

/** The manifest that was verified before the claim. */
async function claimedManifest(migration: ContainerMigration, { store }: AgentDeps): Promise<Manifest> {
  const found = await store.readManifest(checkpointOf(migration));
  if (found === undefined || found.published.digest !== migration.status.source?.checkpoint?.digest) {
    throw new ReasonedError('CheckpointCorrupt', 'the manifest is not the one that was verified before the claim');
  }
  return found.manifest;
}

/** The marker alone is no proof: a wrapper that dies at the very end leaves it behind a start that failed. */
async function requireStarted(containerID: string, { engine, node }: AgentDeps): Promise<void> {
  const container = await engine.inspect(containerID);
  if (container !== undefined && container.state !== 'created') return;
  throw new ReasonedError('StartFailed', `the container was restored on ${node.name}, but Docker did not start it`);
}

/** When Docker says that it started the container; a figure, not worth a failure. */
async function startTime(
  containerID: string,
  status: TargetStatus,
  { engine, clock }: AgentDeps,
): Promise<string | undefined> {
  const sinceMs = Date.parse(status.claimedAt ?? new Date(0).toISOString()) - 1000;
  try {
    return await engine.stateChangedAt(containerID, 'start', { sinceMs, untilMs: clock.now() });
  } catch {
    return undefined;
  }
}

async function applyWritableLayer(
  migration: ContainerMigration,
  container: ContainerInfo,
  { node, store }: AgentDeps,
): Promise<void> {
  if (container.upperDir === undefined) {
    throw new ReasonedError(
      'StorageDriverUnsupported',
      `Docker on ${node.name} does not tell where the container's changed files lie; the storage driver must be overlay2`,
    );
  }
  await store.applyWritableLayer(checkpointOf(migration), container.upperDir);
}

/**
 * Gives the claim back: nothing of the container runs here, and nothing will. Only then may the source wake up again.
 * Rejects when that cannot be made sure of, and is tried again.
 */
export async function giveBack(migration: ContainerMigration, deps: AgentDeps): Promise<void> {
  const { driver, engine, node } = deps;
  const { uid } = migration.metadata;
  const container = await findOurs(migration, deps);
  if (container !== undefined) {
    await driver.disarm(container.id, uid);
    await engine.remove(container.id, { force: true });
    if ((await findOurs(migration, deps)) !== undefined) {
      throw new ReasonedError('TargetNotCleaned', `container ${container.name} on ${node.name} could not be removed`);
    }
  }
  const id = container?.id ?? migration.status.target?.containerID;
  if (id !== undefined) await driver.forget(id, uid);
}

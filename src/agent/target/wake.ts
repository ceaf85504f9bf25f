import { stat } from 'node:fs/promises';
import type { ContainerMigration, TargetStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { hasCode, ReasonedError } from '../../runtime/errors';
import { applyLayer } from '../../store/writable-layer';
import { directoriesOf, pathsOf } from '../paths';
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
  const container = await findOurs(migration, engine);
  if (container === undefined) {
    throw new ReasonedError(
      'TargetLost',
      `the container that was created for the migration on ${deps.node.name} is gone`,
    );
  }
  const paths = pathsOf(migration, deps.volume);
  const before = await driver.wakeState(container.id);
  if (before === 'none') {
    await applyWritableLayer(container, paths.writableLayer, deps);
    await driver.arm(container.id, migration.metadata.uid, directoriesOf(paths, deps.node.name));
  }
  const wakeStartedMs = clock.now();
  const woken = await driver.wake(container.id, { timeoutMs: deps.deadlines.wakeMs });
  const policy = migration.status.source?.restartPolicy;
  if (policy !== undefined) await engine.setRestartPolicy(container.id, policy);
  const startedAt = await engine.stateChangedAt(container.id, 'start', {
    sinceMs: Date.parse(status.claimedAt ?? migration.metadata.creationTimestamp) - 1000,
    untilMs: clock.now(),
  });
  return {
    ...status,
    state: 'Restored',
    // A start by an earlier life has a beginning that nobody remembers.
    ...(before === 'none' ? { wakeStartedAt: new Date(wakeStartedMs).toISOString() } : {}),
    resumedAt: woken.resumedAt,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

async function applyWritableLayer(container: ContainerInfo, archive: string, deps: AgentDeps): Promise<void> {
  if (!(await exists(archive))) return;
  if (container.upperDir === undefined) {
    throw new ReasonedError(
      'StorageDriverUnsupported',
      `Docker on ${deps.node.name} does not tell where the container's changed files lie; the storage driver must be overlay2`,
    );
  }
  await applyLayer(deps.commands, archive, container.upperDir, deps.deadlines.wakeMs);
}

/**
 * Gives the claim back: nothing of the container runs here, and nothing will. Only then may the source wake up again.
 * Rejects when that cannot be made sure of, and is tried again.
 */
export async function giveBack(migration: ContainerMigration, deps: AgentDeps): Promise<void> {
  const { driver, engine, node } = deps;
  const { uid } = migration.metadata;
  const container = await findOurs(migration, engine);
  if (container !== undefined) {
    await driver.disarm(container.id, uid);
    await engine.remove(container.id, { force: true });
    if ((await findOurs(migration, engine)) !== undefined) {
      throw new ReasonedError('TargetNotCleaned', `container ${container.name} on ${node.name} could not be removed`);
    }
  }
  const id = container?.id ?? migration.status.target?.containerID;
  if (id !== undefined) await driver.forget(id, uid);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

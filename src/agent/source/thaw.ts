import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { AgentDeps } from '../ports';
import { findOriginal } from './original';

/**
 * Wakes a container that was frozen here, as if nothing had happened: ends what is left of a dump, unpauses, gives the
 * restart policy back. Idempotent; one that does not run and is not paused is left as it is.
 */
export async function thaw(
  container: ContainerInfo,
  status: SourceStatus,
  { engine, driver }: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<void> {
  if (container.state === 'paused') {
    await driver.abandonDump(container);
    await engine.unpause(container.id);
  }
  if (status.restartPolicy !== undefined) await engine.setRestartPolicy(container.id, status.restartPolicy);
}

/**
 * Before a failed freeze is tried again: lets the container run on meanwhile, unless its dump is good already.
 * @returns false when the container stands still, because of its good dump or because it cannot be woken up just now
 */
export async function thawForRetry(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<boolean> {
  const { uid } = migration.metadata;
  try {
    const container = await findOriginal(status, deps.engine);
    if (container === undefined) return true;
    const entry = await deps.journal.read(container.id);
    if (entry?.migrationUID !== uid || entry.freezeStartedAt === undefined) return true;
    if (entry.dumpedAt !== undefined) return false;
    await thaw(container, status, deps);
    await deps.journal.begin(container.id, uid, {});
    return true;
  } catch {
    // The next try finds it frozen and goes on from there; what stands in the way is what the step failed of, too.
    return false;
  }
}

import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { reasonOf } from '../../runtime/errors';
import type { AgentDeps } from '../ports';
import { findOriginal } from './original';

/**
 * Wakes a container that was frozen here, as if nothing had happened: ends what is left of a dump, unpauses, gives the
 * restart policy back. Idempotent; one that does not run and is not paused is left as it is.
 */
export async function thaw(
  container: ContainerInfo,
  status: Pick<SourceStatus, 'restartPolicy'>,
  { engine, driver }: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<void> {
  if (container.state === 'paused') {
    await driver.abandonDump(container);
    await engine.unpause(container.id);
  }
  if (status.restartPolicy !== undefined) await engine.setRestartPolicy(container.id, status.restartPolicy);
}

/**
 * Wakes the frozen original for good. Its dump is void from that moment on, and the journal says so before it runs:
 * should it die right after, it is not restored to a state that it had left already.
 */
export async function thawForGood(
  container: ContainerInfo,
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<void> {
  const { uid } = migration.metadata;
  const entry = await deps.journal.read(container.id);
  const ours = entry?.migrationUID === uid && container.state === 'paused' ? entry : undefined;
  if (ours !== undefined) await deps.journal.begin(container.id, uid, {});
  try {
    await thaw(container, status, deps);
  } catch (error) {
    // It never ran: its dump is as good as before.
    if (ours !== undefined && (await isStillPaused(container.id, error, deps)))
      await deps.journal.note(container.id, uid, ours);
    throw error;
  }
}

async function isStillPaused(containerID: string, error: unknown, { engine }: AgentDeps): Promise<boolean> {
  // Nobody took the order, so nobody carried it out.
  if (reasonOf(error, '') === 'EngineUnreachable') return true;
  try {
    return (await engine.inspect(containerID))?.state === 'paused';
  } catch {
    return false;
  }
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

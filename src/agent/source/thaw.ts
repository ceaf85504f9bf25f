import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { hasCode, ReasonedError } from '../../runtime/errors';
import { openAddresses } from '../move-hook/source-steps';
import type { AgentDeps, JournalTimes } from '../ports';
import { findOriginal } from './original';

/**
 * Wakes a container that was frozen here, as if nothing had happened: ends what is left of a dump, unpauses, gives the
 * restart policy back. Idempotent; one that does not run and is not paused is left as it is.
 */
export async function thaw(
  container: ContainerInfo,
  status: Pick<SourceStatus, 'restartPolicy'>,
  deps: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<void> {
  if (container.state === 'paused') await unfreeze(container, deps);
  else if (container.state === 'running') await deps.driver.letRun(container);
  await giveRestartPolicyBack(container, status, deps);
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
  const ours = entry?.migrationUID === uid ? entry : undefined;
  if (ours !== undefined) await deps.journal.begin(container.id, uid, pauseOf(ours));
  if (container.state === 'paused') {
    try {
      await unfreeze(container, deps);
    } catch (error) {
      // It never ran: its dump is as good as before.
      if (ours !== undefined && (await isStillPaused(container.id, error, deps)))
        await deps.journal.note(container.id, uid, ours);
      throw error;
    }
  } else if (container.state === 'running') await deps.driver.letRun(container);
  await giveRestartPolicyBack(container, status, deps);
}

/** That the pause is ours stays known: whoever finds the container paused may wake it up; and what has to be had back. */
function pauseOf({ freezeStartedAt, addressesGivenUp }: JournalTimes): JournalTimes {
  return {
    ...(freezeStartedAt === undefined ? {} : { freezeStartedAt }),
    ...(addressesGivenUp === undefined ? {} : { addressesGivenUp }),
  };
}

async function unfreeze(
  container: ContainerInfo,
  { engine, driver }: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<void> {
  await driver.abandonDump(container);
  await engine.unpause(container.id);
  // Only now: had the unpause failed, its dump would be as good as before, and nobody may hear from it but by that.
  await driver.openNetwork(container);
}

async function giveRestartPolicyBack(
  { id }: ContainerInfo,
  { restartPolicy }: Pick<SourceStatus, 'restartPolicy'>,
  { engine }: Pick<AgentDeps, 'engine'>,
): Promise<void> {
  if (restartPolicy !== undefined) await engine.setRestartPolicy(id, restartPolicy);
}

/** Codes of a connection that never came about. One that broke in the middle may have brought the order. */
const NOBODY_THERE = ['ECONNREFUSED', 'ENOENT'];

async function isStillPaused(containerID: string, error: unknown, { engine }: AgentDeps): Promise<boolean> {
  // Nobody took the order, so nobody carried it out.
  if (error instanceof ReasonedError && NOBODY_THERE.some((code) => hasCode(error.cause, code))) return true;
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
    // One that died is left for the next look, which tells so.
    if (container === undefined || container.pid === 0) return true;
    const entry = await deps.journal.read(container.id);
    if (entry?.migrationUID !== uid) return true;
    if (entry.dumpedAt !== undefined) return false;
    if (entry.freezeStartedAt === undefined) {
      // It was not paused, but may have lost its restart policy already.
      await giveRestartPolicyBack(container, status, deps);
      return true;
    }
    await thaw(container, status, deps);
    await openAddresses(migration, deps);
    await deps.journal.begin(container.id, uid, {});
    return true;
  } catch {
    // The next try finds it frozen and goes on from there; what stands in the way is what the step failed of, too.
    return false;
  }
}

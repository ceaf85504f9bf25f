import type { ContainerMigration, SourceStatus } from '../../api/types';
import { leaveAddresses } from '../move-hook/source-steps';
import { isMemoryMissing } from '../../protocol/memory';
import type { AgentDeps } from '../ports';
import { removeAnonymous } from '../volumes/source';
import { discardCheckpoint } from './discard';
import { findOriginal } from './original';

/**
 * The container runs on the target: ends the paused original. Where it was lost there after it had run, the original and
 * the checkpoint are all that is left, and are kept. Repeated until it succeeds.
 */
export async function releaseSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const { engine, driver, clock } = deps;
  const { spec } = migration;
  const isLost = isMemoryMissing(migration.status.target);
  const isRemoved = spec.afterSuccess === 'Remove' && !isLost;
  const container = await findOriginal(status, engine);
  if (container !== undefined) {
    // Also when somebody has unpaused it meanwhile: then two copies run until it is dead.
    if (container.pid !== 0) {
      if (container.state === 'running') await engine.pause(container.id);
      // Docker's kill thaws first; a process that is not the first one would run on until its turn comes.
      await driver.killFrozen(container);
      await engine.kill(container.id);
    }
    if (isRemoved) await engine.remove(container.id, { force: true });
  }
  await leaveAddresses(migration, status.containerID, deps);
  if (isRemoved) await removeAnonymous(status, deps);
  const lastRanAt = await pauseTime(status, deps);
  const left = await discardCheckpoint(migration, deps, () => isLost || spec.retainCheckpoint === 'Always');
  return {
    ...status,
    ...left,
    state: 'Released',
    releasedAt: new Date(clock.now()).toISOString(),
    ...(lastRanAt === undefined ? {} : { lastRanAt }),
  };
}

/** When Docker itself says that it paused the container; asked for now, not inside the downtime. */
async function pauseTime({ containerID, freezeStartedAt }: SourceStatus, deps: AgentDeps): Promise<string | undefined> {
  if (containerID === undefined || freezeStartedAt === undefined) return undefined;
  const window = { sinceMs: Date.parse(freezeStartedAt) - 1000, untilMs: deps.clock.now() };
  return deps.engine.stateChangedAt(containerID, 'pause', window);
}

import type { ContainerMigration, TargetStatus } from '../../api/types';
import { ReasonedError } from '../../runtime/errors';
import { findCreated } from '../created-container';
import type { Filled } from '../fill';
import type { AgentDeps } from '../ports';
import { restoreStatus } from '../restore-status';
import { createOnTarget, fillVolumes } from '../volumes/target';
import { wakeUp } from '../wake-up';
import { targetName } from './preflight';

/**
 * After the claim: wakes the container up, or continues what an earlier life of the agent began. It does not restart by
 * itself yet: should this node die and be fenced before the object says that the container runs here, Docker must not
 * start it again beside the one that is restored on the source.
 * @param filled what was put in place while the claim was written
 */
export async function wakeTarget(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
  filled?: Filled,
): Promise<TargetStatus> {
  const { checkpoint } = migration.status.source ?? {};
  if (checkpoint === undefined) throw new ReasonedError('CheckpointMissing', 'the source reports no checkpoint');
  const container = filled?.container ?? (await findCreated(migration, status.containerID, deps));
  const containerID = container?.id ?? (await createOnTarget(migration, targetName(migration), deps));
  const created = container ?? (await deps.engine.inspect(containerID));
  if (created === undefined) {
    const message = `the container that was created for the migration on ${deps.node.name} is gone`;
    throw new ReasonedError('TargetLost', message);
  }
  const { wakeStartedAt, resumedAt, proof } = await wakeUp(migration, created, checkpoint.digest, deps, {
    fillVolumes,
    filled,
    lazyPages: status.lazyPages === 'Pending',
  });
  const startedAt = await startTime(containerID, status, deps);
  return {
    ...status,
    containerID,
    state: 'Restored',
    ...(wakeStartedAt === undefined ? {} : { wakeStartedAt }),
    resumedAt,
    restore: restoreStatus(proof),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
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

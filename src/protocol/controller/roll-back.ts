import type { ContainerMigration, Decision } from '../../api/types';
import { beginOf, howToFence, lastError, waitFor } from './waiting';
import type { ControllerObservation, ControllerStep } from './step';

/** Nobody may claim any more: the source wakes its container up, the target removes what it had prepared. */
export function settleRollBack(
  migration: ContainerMigration,
  revoked: NonNullable<Decision['revoked']>,
  seen: ControllerObservation,
): ControllerStep {
  const { source, target } = migration.status;
  const { nodeName } = migration.spec.source;
  if (source?.state !== 'RolledBack') return awaitRollBack(migration, seen);
  // A target that is gone cannot claim any more: its leftovers do not hold the object up, its agent removes them later.
  const reachable = seen.target.agentAlive && !seen.target.outOfService;
  if (reachable && target !== undefined && target.state !== 'Withdrawn') {
    const waitsFor = `${target.nodeName} to remove what it had prepared${lastError(target)}`;
    return waitFor('AwaitWithdrawal', waitsFor, seen);
  }
  if (source.error?.reason === 'SourceLost') {
    return {
      do: 'Finish',
      because: 'FinishLost',
      phase: 'Failed',
      reason: 'SourceLost',
      message: `${source.error.message}; it was being rolled back because ${revoked.message}`,
    };
  }
  return {
    do: 'Finish',
    because: 'FinishRolledBack',
    phase: 'RolledBack',
    reason: revoked.reason,
    message:
      `the container runs on ${nodeName} ` +
      (source.restoredContainerID === undefined
        ? 'as before'
        : `again: the original had died and was woken up from its checkpoint as ${source.restoredContainerID.slice(0, 12)}`) +
      `; ${revoked.message}`,
  };
}

function awaitRollBack(migration: ContainerMigration, seen: ControllerObservation): ControllerStep {
  const { source } = migration.status;
  const { nodeName } = migration.spec.source;
  const left =
    source?.checkpoint === undefined
      ? 'there is no checkpoint of it'
      : `its checkpoint is kept on the volume in ${source.checkpoint.path}`;
  if (seen.source.outOfService) {
    return {
      do: 'Finish',
      because: 'FinishSourceFenced',
      phase: 'Failed',
      reason: 'SourceLost',
      message: `node ${nodeName} was put out of service, and the container with it, which does not run on the target; ${left}`,
    };
  }
  const wakeUp = `${nodeName} to wake the original up`;
  if (!seen.source.agentAlive) {
    const waitsFor = `${wakeUp}, but its agent does not report; ${howToFence(nodeName, seen.source)}`;
    return waitFor('AwaitUnreachableSource', waitsFor, seen, 'SourceUnreachable');
  }
  const waitsFor = `${wakeUp}${lastError(source)}`;
  if (seen.nowMs >= beginOf(migration, 'RollingBack', seen) + seen.deadlines.rollBackMs) {
    return waitFor('AwaitOverdueRollBack', waitsFor, seen, 'RollBackOverdue');
  }
  return waitFor('AwaitRollBack', waitsFor, seen);
}

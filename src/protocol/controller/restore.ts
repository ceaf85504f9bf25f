import type { ContainerMigration } from '../../api/types';
import { isMemoryLost } from '../memory';
import { awaitMemory, memoryLost } from './memory';
import { beginOf, howToFence, lastFailure, progressOf, waitFor } from './waiting';
import type { ControllerObservation, ControllerStep } from './step';

/**
 * The target has claimed: it alone may run the container, and no timer overrules that. Only a person does, who vouches
 * with a taint that the node runs nothing any more.
 */
export function awaitRestore(migration: ContainerMigration, seen: ControllerObservation): ControllerStep {
  const { spec, status, metadata } = migration;
  const { nodeName } = spec.target;
  if (seen.target.outOfService) {
    return {
      do: 'Revoke',
      because: 'Fence',
      reason: 'TargetFenced',
      message: `node ${nodeName} was put out of service after it had claimed the checkpoint`,
      fenced: nodeName,
    };
  }
  if (!seen.target.agentAlive) {
    const waitsFor =
      `the agent of ${nodeName}, which has claimed the checkpoint and does not report: it may have woken the container ` +
      `up, so nobody else may; ${howToFence(nodeName, seen.target)}`;
    return waitFor('AwaitUnreachableTarget', waitsFor, seen, 'TargetUnreachable');
  }
  const late = spec.cancel ? 'cancellation' : metadata.deletionTimestamp === undefined ? undefined : 'deletion';
  const waitsFor =
    `${nodeName} to wake the container up${progressOf(status.target)}${lastFailure(status.target)}` +
    (late === undefined ? '' : `; the ${late} came after the claim`);
  if (seen.nowMs >= beginOf(migration, 'Restoring', seen) + seen.deadlines.restoreMs) {
    return waitFor('AwaitOverdueRestore', waitsFor, seen, 'RestoreOverdue');
  }
  return waitFor('AwaitRestore', waitsFor, seen);
}

/** The container has run on the target: what is left is to tidy up on both nodes. There is no way back from here. */
export function settleSuccess(migration: ContainerMigration, seen: ControllerObservation): ControllerStep {
  const { spec, status } = migration;
  if (status.target?.lazyPages === 'Pending') return awaitMemory(migration, seen);
  const [from, to] = [spec.source.nodeName, spec.target.nodeName];
  const settled = status.target?.state === 'Settled';
  const { agentAlive, outOfService } = seen.target;
  const released = status.source?.state === 'Released';
  const since = outOfService ? ', a node that was put out of service right after' : '';
  const succeeded = (because: 'FinishMigrated' | 'FinishWithoutSettling' | 'FinishWithoutRelease', more = '') =>
    isMemoryLost(status.target)
      ? memoryLost(migration)
      : ({
          do: 'Finish',
          because,
          phase: 'Succeeded',
          reason: 'Migrated',
          message: `the container runs on ${to}${since}${more}`,
        } as const);
  if (released && settled) return succeeded('FinishMigrated');
  if (released && outOfService) return succeeded('FinishWithoutSettling');
  if (!settled && !outOfService) {
    const settling = `${to} to set the restart policy again`;
    if (agentAlive) return waitFor('AwaitSettling', `${settling}${lastFailure(status.target)}`, seen);
    const waitsFor = `${settling}, but its agent does not report; ${howToFence(to, seen.target)}`;
    return waitFor('AwaitUnreachableSettling', waitsFor, seen, 'TargetUnreachable');
  }
  if (seen.source.outOfService) {
    return succeeded(
      'FinishWithoutRelease',
      `; the frozen original on ${from}, which is out of service, was not removed: the agent does it should the node come back`,
    );
  }
  const original = `${from} to remove the frozen original`;
  if (!seen.source.agentAlive) {
    const already = isMemoryLost(status.target) ? '' : `the container runs on ${to} already; `;
    const waitsFor = `${original}, but its agent does not report; ${already}${howToFence(from, seen.source)}`;
    return waitFor('AwaitUnreachableRelease', waitsFor, seen, 'SourceUnreachable');
  }
  return waitFor('AwaitRelease', `${original}${lastFailure(status.source)}`, seen);
}

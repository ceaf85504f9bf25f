import type { MigrationRequest } from '../../api/types';
import { hasTarget, isCopy, isFinal } from '../../api/types';
import { claimHolds, isRestored } from '../claim';
import { admit } from './admit';
import { forward, specChanged } from './forward';
import { awaitRestore, settleSuccess } from './restore';
import { settleRollBack } from './roll-back';
import type { ControllerObservation, ControllerStep } from './step';

/** What the controller does next. Pure: the same object and observation always give the same step. */
export function decideController(migration: MigrationRequest, seen: ControllerObservation): ControllerStep {
  const { status } = migration;
  const settled = decideUnseen(migration);
  if (settled !== undefined) return settled;
  if (status.decision === undefined) return admit(migration, seen);
  // Removed where no API server refuses it, and before the target has reported: then nothing was touched.
  if (!hasTarget(migration)) return { do: 'Refuse', ...specChanged() };
  if (claimHolds(migration)) {
    return isRestored(status.target) ? settleSuccess(migration, seen) : awaitRestore(migration, seen);
  }
  const { revoked } = status.decision;
  return revoked === undefined ? forward(migration, status.decision, seen) : settleRollBack(migration, revoked, seen);
}

/**
 * What follows from the object alone, as it does for all that have ended: nobody needs to look at the nodes for it.
 * Undefined when the step depends on them.
 */
export function decideUnseen(migration: MigrationRequest): ControllerStep | undefined {
  const { status, metadata } = migration;
  const deleted = metadata.deletionTimestamp !== undefined;
  if (isCopy(migration)) return refuseCopy(migration, deleted);
  if (isFinal(migration)) {
    if (deleted) return { do: 'LetGo', because: 'LetGo' };
    return status.observedGeneration === metadata.generation
      ? { do: 'Rest', because: 'Rest' }
      : { do: 'Acknowledge', because: 'Acknowledge' };
  }
  return status.decision === undefined && deleted ? { do: 'LetGo', because: 'LetUnadmittedGo' } : undefined;
}

function refuseCopy(migration: MigrationRequest, deleted: boolean): ControllerStep {
  if (deleted) return { do: 'LetGo', because: 'LetCopyGo' };
  if (isFinal(migration)) return { do: 'Rest', because: 'RestCopy' };
  return {
    do: 'Refuse',
    because: 'RefuseCopy',
    reason: 'CopyOfMigration',
    message:
      'this object is a copy of a migration that was admitted under another UID, as a restored backup is, and is not run ' +
      'again; to move the container, create a new ContainerMigration without status and annotations of transship.dev',
  };
}

import type { ContainerMigration, TargetStatus } from '../../api/types';
import { ReasonedError } from '../../runtime/errors';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';

/**
 * The commit point. Verifies the checkpoint while it can still be refused without harm, then claims it by a write that
 * fails when anything in the object changed since it was read, a revocation above all.
 *
 * @returns the object after the claim: from here on only this node may run the container
 * @throws KubeError with isConflict when the claim was lost or the object merely changed: look again
 */
export async function claim(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<ContainerMigration> {
  const now = (): string => new Date(deps.clock.now()).toISOString();
  const seenAt = now();
  const { checkpoint, containerID } = migration.status.source ?? {};
  if (checkpoint === undefined) throw new ReasonedError('CheckpointMissing', 'the source reports no checkpoint');
  const manifest = await deps.store.verify(checkpointOf(migration), checkpoint.digest);
  if (manifest.migrationUID !== migration.metadata.uid || manifest.containerID !== containerID) {
    throw new ReasonedError('CheckpointCorrupt', `the manifest in ${checkpoint.path} belongs to another migration`);
  }
  const verifiedAt = now();
  return deps.migrations.writeTarget(
    migration,
    { ...status, state: 'Claimed', seenAt, verifiedAt, claimedAt: now() },
    { ifUnchanged: true },
  );
}

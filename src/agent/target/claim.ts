import type { ContainerMigration, TargetStatus } from '../../api/types';
import { ReasonedError } from '../../runtime/errors';
import { verifyCheckpoint } from '../../store/manifest';
import { pathsOf } from '../paths';
import { onVolume, VOLUME_TIMEOUT_MS } from '../volume-deadline';
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
  const { directory } = pathsOf(migration, deps.volume);
  const manifest = await onVolume(deps.clock, VOLUME_TIMEOUT_MS, (signal) =>
    verifyCheckpoint(directory, checkpoint.digest, { clock: deps.clock, signal }),
  );
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

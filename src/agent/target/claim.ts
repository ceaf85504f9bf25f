import type { ContainerMigration, TargetStatus } from '../../api/types';
import { ReasonedError } from '../../runtime/errors';
import type { Manifest } from '../../store/manifest-format';
import { pageBytes } from '../../store/page-images';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { isLazy } from './memory';

/**
 * The commit point. Verifies the checkpoint while it can still be refused without harm. The status that is returned is
 * the claim: it must be written with the resourceVersion of the object that was read, so that it fails when anything in
 * it changed since, a revocation above all.
 *
 * @param onFilesVerified see `HowToVerify`
 * @throws ReasonedError CheckpointMissing, CheckpointCorrupt, NodeOutOfService
 */
export async function claim(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
  onFilesVerified?: (manifest: Manifest) => void,
): Promise<TargetStatus> {
  const now = (): string => new Date(deps.clock.now()).toISOString();
  const seenAt = now();
  const { checkpoint, containerID } = migration.status.source ?? {};
  if (checkpoint === undefined) throw new ReasonedError('CheckpointMissing', 'the source reports no checkpoint');
  const hooks = onFilesVerified === undefined ? {} : { onFilesVerified };
  const comesLater = (bytes: number): boolean => isLazy(migration, status, bytes);
  const [manifest, outOfService] = await Promise.all([
    deps.store.verify(checkpointOf(migration), checkpoint.digest, { pagesLater: comesLater, ...hooks }),
    deps.node.isOutOfService(),
  ]);
  // Somebody has vouched that nothing runs here, and the controller may fence a claim at any moment.
  if (outOfService) {
    const message = `${deps.node.name} has the taint node.kubernetes.io/out-of-service and claims nothing`;
    throw new ReasonedError('NodeOutOfService', message);
  }
  if (manifest.migrationUID !== migration.metadata.uid || manifest.containerID !== containerID) {
    throw new ReasonedError('CheckpointCorrupt', `the manifest in ${checkpoint.path} belongs to another migration`);
  }
  const verifiedAt = now();
  const memory = comesLater(pageBytes(manifest)) ? ({ lazyPages: 'Pending' } as const) : {};
  return { ...status, state: 'Claimed', ...memory, seenAt, verifiedAt, claimedAt: now() };
}

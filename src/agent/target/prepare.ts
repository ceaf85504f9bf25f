import type { ContainerMigration, TargetStatus } from '../../api/types';
import { findCreated } from '../created-container';
import { reportedOptions } from '../criu-options';
import type { AgentDeps } from '../ports';
import { requireShared } from '../volumes/shared';
import { createOnTarget } from '../volumes/target';
import { bringImage } from './bring-image';
import { targetName } from './preflight';
import { unpackBase } from './unpack-base';

/**
 * Brings the image, creates the container, not started, and unpacks what was copied by now: what can fail, fails before
 * the freeze. Can be repeated at any point.
 */
export async function prepareTarget(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const { source } = migration.status;
  if (source !== undefined) await requireShared(migration, source, deps);
  // What cannot be read is refused now, not after the claim.
  reportedOptions(migration.status.source);
  const existing = await findCreated(migration, status.containerID, deps);
  if (existing === undefined) await bringImage(migration, status, deps);
  const containerID = existing?.id ?? (await createOnTarget(migration, targetName(migration), deps));
  const unpacked = await unpackBase(migration, containerID, deps);
  return { ...status, ...unpacked, state: 'Prepared', containerID, clock: await deps.node.measureClock() };
}

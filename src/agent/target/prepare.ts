import type { ContainerMigration, TargetStatus } from '../../api/types';
import { lostSettings } from '../../docker/differences';
import { ReasonedError } from '../../runtime/errors';
import { findCreated, readDescription, requireImage } from '../created-container';
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
  await requireWhole(migration, containerID, deps);
  const unpacked = await unpackBase(migration, containerID, deps);
  return { ...status, ...unpacked, state: 'Prepared', containerID, clock: await deps.node.measureClock() };
}

/** Looks that Docker has made what was asked for: it leaves out silently what it does not know, or its kernel cannot do. */
async function requireWhole(migration: ContainerMigration, containerID: string, deps: AgentDeps): Promise<void> {
  const { engine, node } = deps;
  const created = await engine.inspect(containerID);
  // Whoever has removed it meanwhile: the wake-up makes it anew, or says so.
  if (created === undefined) return;
  requireImage(migration, created);
  const lost = lostSettings(await readDescription(migration, deps), created);
  if (lost.length === 0) return;
  throw new ReasonedError(
    'SettingsNotCarried',
    `Docker on ${node.name} has created the container without these settings: ${lost.slice(0, 10).join(', ').slice(0, 1000)}; ` +
      'look at its version and its kernel, or name another target',
  );
}

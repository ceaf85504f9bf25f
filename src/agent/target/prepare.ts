import type { ContainerMigration, TargetStatus } from '../../api/types';
import { createFromDescription, findCreated } from '../created-container';
import { reportedOptions } from '../criu-options';
import type { AgentDeps } from '../ports';
import { targetName } from './preflight';

/** Creates the container, not started: what can fail, fails before the freeze. Can be repeated at any point. */
export async function prepareTarget(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  // What cannot be read is refused now, not after the claim.
  reportedOptions(migration.status.source);
  const existing = await findCreated(migration, status.containerID, deps);
  const containerID = existing?.id ?? (await createFromDescription(migration, targetName(migration), deps));
  return { ...status, state: 'Prepared', containerID, clock: await deps.node.measureClock() };
}

import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { createFromDescription, findCreated } from '../created-container';
import type { AgentDeps } from '../ports';

/** The container that was made from the original's own checkpoint, to take its place on this node. */
export function findReplacement(
  migration: ContainerMigration,
  deps: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<ContainerInfo | undefined> {
  return findCreated(migration, migration.status.source?.restoredContainerID, deps);
}

/** Creates it beside the dead original, which has the name still. */
export async function createReplacement(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<ContainerInfo | undefined> {
  const name = `${status.containerName ?? 'container'}-transship-${migration.metadata.uid.slice(0, 8)}`;
  return deps.engine.inspect(await createFromDescription(migration, name, deps));
}

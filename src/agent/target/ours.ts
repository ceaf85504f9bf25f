import type { ContainerMigration } from '../../api/types';
import type { ContainerEngine, ContainerInfo } from '../../docker/engine';

/** On every container that a migration created: which migration. How a restarted agent finds its own work again. */
export const MIGRATION_LABEL = 'transship.dev/migration-uid';

/** The container that this migration created on this node. */
export async function findOurs(
  migration: ContainerMigration,
  engine: ContainerEngine,
): Promise<ContainerInfo | undefined> {
  const [summary] = await engine.list({ [MIGRATION_LABEL]: migration.metadata.uid });
  return summary === undefined ? undefined : engine.inspect(summary.id);
}

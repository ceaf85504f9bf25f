import type { ContainerMigration } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { AgentDeps } from '../ports';

/** On every container that a migration created: which migration. How a restarted agent finds its own work again. */
export const MIGRATION_LABEL = 'transship.dev/migration-uid';

/**
 * The container that this migration created on this node. Anybody can set a label: it must have been created for the
 * wake-up too, and be the one that the object names as soon as it names one.
 */
export async function findOurs(
  migration: ContainerMigration,
  { engine, driver }: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<ContainerInfo | undefined> {
  const { uid } = migration.metadata;
  const known = migration.status.target?.containerID;
  const { runtime } = driver.createOptions(uid);
  const candidates =
    known === undefined ? (await engine.list({ [MIGRATION_LABEL]: uid })).map(({ id }) => id) : [known];
  for (const id of candidates) {
    const container = await engine.inspect(id);
    if (container?.labels[MIGRATION_LABEL] === uid && container.runtime === runtime) return container;
  }
  return undefined;
}

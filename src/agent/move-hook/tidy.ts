import type { ContainerMigration } from '../../api/types';
import type { ContainerEngine } from '../../docker/engine';
import type { AddressGate } from './port';

/**
 * Removes what was set for addresses that moved, where neither the migration nor the container is there any more. What
 * belongs to a migration that exists is undone by its own steps.
 */
export async function tidyAddresses(
  gate: AddressGate,
  engine: Pick<ContainerEngine, 'inspect'>,
  migrations: () => readonly Pick<ContainerMigration, 'metadata'>[],
): Promise<void> {
  await gate.tidy({
    migration: (prefix) => migrations().some(({ metadata }) => metadata.uid.startsWith(prefix)),
    container: async (prefix) => (await engine.inspect(prefix)) !== undefined,
  });
}

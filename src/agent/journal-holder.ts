import type { ContainerMigration } from '../api/types';
import { isFinal, keyOf } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import { inProgress } from './journal';
import type { AgentDeps } from './ports';

/**
 * The name of another migration that is moving the container. A reservation whose migration has ended or is gone from
 * the API server is a leftover and does not count.
 */
export async function otherHolder(
  containerID: string,
  migration: ContainerMigration,
  deps: Pick<AgentDeps, 'migrations' | 'journal'>,
): Promise<string | undefined> {
  const entry = await deps.journal.read(containerID);
  if (entry === undefined || entry.migrationUID === migration.metadata.uid) return undefined;
  const holder = deps.migrations.list().find(({ metadata }) => metadata.uid === entry.migrationUID);
  return holder === undefined || isFinal(holder) ? undefined : entry.migration;
}

/**
 * Reserves the container for the migration, in a leftover's place if need be.
 * @throws ReasonedError MigrationInProgress
 */
export async function reserveContainer(
  { id: containerID, restartPolicy }: Pick<ContainerInfo, 'id' | 'restartPolicy'>,
  migration: ContainerMigration,
  deps: Pick<AgentDeps, 'migrations' | 'journal'>,
): Promise<void> {
  const { journal } = deps;
  const entry = { migrationUID: migration.metadata.uid, migration: keyOf(migration), restartPolicy };
  await journal.exclusively(async () => {
    const holder = await otherHolder(containerID, migration, deps);
    if (holder !== undefined) throw inProgress(holder);
    const present = await journal.read(containerID);
    if (present !== undefined && present.migrationUID !== entry.migrationUID) await journal.release(containerID);
    await journal.reserve(containerID, entry);
  });
}

/**
 * Gives the reservation of a container back, if it is that migration's. Only once the object says how it ended: until
 * then the journal is what keeps a dump from being restored that the container has left behind.
 */
export async function releaseReservation(
  { metadata, status }: ContainerMigration,
  { journal }: Pick<AgentDeps, 'journal'>,
): Promise<void> {
  const containerID = status.source?.containerID;
  if (containerID === undefined) return;
  if ((await journal.read(containerID))?.migrationUID === metadata.uid) await journal.release(containerID);
}

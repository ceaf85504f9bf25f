import type { ContainerMigration } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { findCreated } from '../created-container';
import type { Filled } from '../fill';
import { fill } from '../fill';
import type { AgentDeps } from '../ports';

/**
 * The container that the migration created here, when it can be filled; looked for while its checkpoint is verified.
 * @returns undefined, too, when nobody can tell: the wake-up looks again, and says what is wrong
 */
export async function findEmpty(migration: ContainerMigration, deps: AgentDeps): Promise<ContainerInfo | undefined> {
  try {
    const container = await findCreated(migration, migration.status.target?.containerID, deps);
    return container !== undefined && (await deps.driver.wakeState(container.id)) === 'none' ? container : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts the files of a verified checkpoint in place while the claim for it is being written: the container stands still
 * meanwhile. Nothing is made that could wake it up, so a claim that fails leaves a container that was never started,
 * which is filled anew or removed. Not the files of volumes, which a sweep would not remove any more.
 * @returns undefined when it could not be done: the wake-up does it again, and says what is wrong
 */
export async function fillAhead(
  migration: ContainerMigration,
  empty: ContainerInfo | undefined,
  deps: AgentDeps,
): Promise<Filled | undefined> {
  const { checkpoint } = migration.status.source ?? {};
  if (empty === undefined || checkpoint === undefined) return undefined;
  try {
    return await fill(migration, empty, checkpoint.digest, deps);
  } catch {
    return undefined;
  }
}

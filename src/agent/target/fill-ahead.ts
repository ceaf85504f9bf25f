import type { ContainerMigration } from '../../api/types';
import { findCreated } from '../created-container';
import type { Filled } from '../fill';
import { fill } from '../fill';
import type { AgentDeps } from '../ports';
import { fillVolumes } from '../volumes/target';

/**
 * Puts the files of a verified checkpoint in place while the claim for it is being written: the container stands still
 * meanwhile. Nothing is made that could wake it up, so a claim that fails leaves a container that was never started,
 * which is filled anew or removed.
 * @returns undefined when it could not be done: the wake-up does it again, and says what is wrong
 */
export async function fillAhead(migration: ContainerMigration, deps: AgentDeps): Promise<Filled | undefined> {
  const { source, target } = migration.status;
  try {
    const container = await findCreated(migration, target?.containerID, deps);
    if (container === undefined || source?.checkpoint === undefined) return undefined;
    if ((await deps.driver.wakeState(container.id)) !== 'none') return undefined;
    return await fill(migration, container, source.checkpoint.digest, deps, fillVolumes);
  } catch {
    return undefined;
  }
}

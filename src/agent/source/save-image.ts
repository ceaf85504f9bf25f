import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { whileWanted } from '../while-wanted';

/**
 * Puts the container's image on the volume when the target lacks it and cannot have it otherwise: exactly that image, by
 * its ID, without any name. Can be repeated; the container runs meanwhile.
 * @throws ReasonedError ImageMissing, ImageNotSaved, NoLongerWanted, ImageTimedOut
 */
export async function saveImage(
  migration: ContainerMigration,
  { imageID }: ContainerInfo,
  deps: AgentDeps,
): Promise<Pick<SourceStatus, 'imageArchive'>> {
  if (migration.status.target?.image !== 'Transfer') return {};
  const imageArchive = await whileWanted(migration, deps, async (limit) => {
    const content = await deps.images.save(imageID, limit);
    return deps.store.saveImage(checkpointOf(migration), content, { ...limit, imageID });
  });
  return { imageArchive };
}

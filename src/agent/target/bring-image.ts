import type { ContainerMigration, TargetStatus } from '../../api/types';
import { ReasonedError, reasonOf } from '../../runtime/errors';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { whileWanted } from '../while-wanted';
import type { WorkLimit } from '../work-limit';

/**
 * Brings the container's very same image here, in the way that the preflight has decided. Can be repeated at any point;
 * an image that is here is not brought again. It stays here when the migration is rolled back.
 * @throws ReasonedError ImageDiffers, ImagePullFailed, ImageNotLoaded, ImageArchiveMissing, ImageArchiveCorrupt,
 *   ImageArchiveInvalid, NoLongerWanted, ImageTimedOut
 */
export async function bringImage(
  migration: ContainerMigration,
  { image }: TargetStatus,
  deps: AgentDeps,
): Promise<void> {
  const { imageID, imageName } = migration.status.source ?? {};
  if (imageID === undefined || (image !== 'Pull' && image !== 'Transfer')) return;
  if ((await deps.engine.findImage(imageID)) === undefined) {
    const bring = image === 'Pull' ? pull : load;
    await whileWanted(migration, deps, (limit) => bring(migration, imageID, limit, deps));
    if ((await deps.engine.findImage(imageID)) === undefined) {
      const message = `what came to ${deps.node.name} is another image than ${imageID}, from which the container was made`;
      throw new ReasonedError('ImageDiffers', `${message}; bring the very same image there with docker save and load`);
    }
  }
  if (imageName !== undefined) await nameImage(imageID, imageName, deps);
}

async function pull(
  { status: { source } }: ContainerMigration,
  imageID: string,
  { signal }: WorkLimit,
  { images, engine }: AgentDeps,
): Promise<void> {
  let failed: { readonly error: unknown } | undefined = {
    error: new ReasonedError('ImageNotPullable', 'the source names no digest of the image'),
  };
  for (const digest of source?.imageDigests ?? []) {
    try {
      await images.pull(digest, { signal });
      if ((await engine.findImage(imageID)) !== undefined) return;
      // Another image: the next digest may give the right one.
      failed = undefined;
    } catch (error) {
      signal.throwIfAborted();
      failed = { error };
    }
  }
  if (failed !== undefined) throw failed.error;
}

async function load(
  migration: ContainerMigration,
  imageID: string,
  limit: WorkLimit,
  { images, store }: AgentDeps,
): Promise<void> {
  const { imageArchive } = migration.status.source ?? {};
  if (imageArchive === undefined)
    throw new ReasonedError('ImageArchiveMissing', 'the source has put no image on the volume');
  await store.withImage(checkpointOf(migration), imageArchive, { ...limit, imageID }, (content) =>
    images.load(content, limit),
  );
}

/** Gives the image the name that it has on the source, unless that means another image here. */
async function nameImage(imageID: string, name: string, { images, engine }: AgentDeps): Promise<void> {
  // A name by digest is not given but pulled.
  if (name.includes('@') || (await engine.findImage(name)) !== undefined) return;
  try {
    await images.tag(imageID, name);
  } catch (error) {
    // What Docker does not take for a name is not worth a failure: the container is made from the ID.
    if (reasonOf(error, '') !== 'EngineRefused') throw error;
  }
}

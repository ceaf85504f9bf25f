import type { ContainerMigration, TargetStatus } from '../../api/types';
import { ReasonedError } from '../../runtime/errors';
import { WRITABLE_LAYER } from '../../store/layout';
import { volumeArchive } from '../../store/volume-archive';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { copied } from '../volumes/plan';
import { directoryFor } from '../volumes/target';
import { whileWanted } from '../while-wanted';

/**
 * Unpacks what the source has copied while the container ran into the container that was created here, which was never
 * started. From nothing each time: what an earlier life of the agent unpacked goes.
 * @throws ReasonedError NoLongerWanted, PreCopyTimedOut, CheckpointMissing, CheckpointCorrupt, BaseNotUnpacked, VolumeTaken
 */
export async function unpackBase(
  migration: ContainerMigration,
  containerID: string,
  deps: AgentDeps,
): Promise<Pick<TargetStatus, 'preCopiedTo'>> {
  const { preCopied, volumes } = migration.status.source ?? {};
  if (preCopied === undefined) return {};
  const container = await deps.engine.inspect(containerID);
  if (container?.state !== 'created' || container.upperDir === undefined) {
    const message = `the container that was created on ${deps.node.name} is ${container?.state ?? 'gone'}, or its layer is not told`;
    throw new ReasonedError('BaseNotUnpacked', message);
  }
  const trees = [{ archive: WRITABLE_LAYER, directory: container.upperDir }];
  for (const { name } of copied(volumes)) {
    trees.push({ archive: volumeArchive(name), directory: await directoryFor(migration, container, name, deps) });
  }
  for (const { directory } of trees) await deps.mountFiles.empty(directory);
  await whileWanted(
    migration,
    deps,
    (limit) => deps.store.unpackBase(checkpointOf(migration), preCopied.digest, trees, limit),
    { what: 'what was copied before the freeze', timedOut: 'PreCopyTimedOut' },
  );
  return { preCopiedTo: containerID };
}

import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { formatBytes } from '../../runtime/format-bytes';
import { WRITABLE_LAYER } from '../../store/layout';
import { volumeArchive } from '../../store/volume-archive';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { carriedVolumes } from '../volumes/source';
import { whileWanted } from '../while-wanted';

/**
 * Copies the files of the container while it still runs, so that the freeze has only to copy what changed since. From
 * nothing each time: what an earlier life of the agent began is thrown away.
 * @throws ReasonedError NoLongerWanted, PreCopyTimedOut, VolumeNotSaved, or with a VolumeFault as reason
 */
export async function preCopy(
  migration: ContainerMigration,
  container: ContainerInfo,
  deps: AgentDeps,
): Promise<Pick<SourceStatus, 'preCopied'>> {
  const { driver, store } = deps;
  const { upperDir } = container;
  const trees = [
    ...(upperDir === undefined ? [] : [{ archive: WRITABLE_LAYER, directory: upperDir }]),
    ...carriedVolumes(migration.status.source?.volumes, container).map(({ name, mountpoint }) => {
      return { archive: volumeArchive(name), directory: mountpoint };
    }),
  ];
  const meta = { driver: driver.name, containerID: container.id };
  const saved = await whileWanted(
    migration,
    deps,
    (limit) => store.saveBase(checkpointOf(migration), meta, trees, limit),
    { what: 'what can be copied before the freeze', timedOut: 'PreCopyTimedOut' },
  );
  return saved === undefined ? {} : { preCopied: { ...saved, size: formatBytes(saved.sizeBytes) } };
}

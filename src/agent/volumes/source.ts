import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { mountsOf } from '../../docker/mounts';
import { without } from '../../docker/record';
import { ANONYMOUS_LABEL, RUNNING_STATES } from '../../docker/volumes';
import { ReasonedError } from '../../runtime/errors';
import type { VolumeDirectory } from '../../store/volume-archive';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { requireCopyable } from './directory-source';
import type { Deps } from './directory-source';
import { copied, copiedVolumes, provided } from './plan';

const OUR_LABELS = 'transship.dev/';

/** What the target must know to create the volumes: their labels, but for those of earlier moves. */
export async function describeVolumes(
  { volumes }: SourceStatus,
  { dockerVolumes }: Pick<AgentDeps, 'dockerVolumes'>,
): Promise<{ volumes?: Record<string, Readonly<Record<string, string>>> }> {
  const labels: [string, Readonly<Record<string, string>>][] = [];
  for (const { name } of provided(volumes)) {
    const own = (await dockerVolumes.inspect(name))?.labels ?? {};
    labels.push([name, without(own, (label) => label.startsWith(OUR_LABELS))]);
  }
  return labels.length === 0 ? {} : { volumes: Object.fromEntries(labels) };
}

/**
 * The containers besides this one that may write to the volume: the copy of a volume that goes on changing is none.
 */
export async function otherWriters(
  volume: string,
  { id: own }: Pick<ContainerInfo, 'id'>,
  { dockerVolumes }: Pick<AgentDeps, 'dockerVolumes'>,
): Promise<readonly string[]> {
  const users = await dockerVolumes.usersOf(volume);
  return users.filter(({ id, state }) => id !== own && RUNNING_STATES.includes(state)).map(({ name }) => name);
}

/**
 * Looks right before the freeze that nobody has begun to use the volumes since the preflight.
 * @throws ReasonedError VolumeInUse, VolumeNotCopyable
 */
export async function requireSoleUser(
  migration: ContainerMigration,
  container: ContainerInfo,
  deps: Deps,
): Promise<void> {
  await requireCopyable(migration, container, deps);
  for (const { name } of copiedVolumes(migration.status.source?.volumes)) {
    const others = await otherWriters(name, container, deps);
    if (others.length === 0) continue;
    throw new ReasonedError(
      'VolumeInUse',
      `volume ${name} is used by ${others.join(', ')} too; stop them and try again`,
    );
  }
}

/**
 * Saves the files of all volumes that are carried. The container stands still, or has died since it was dumped.
 * @throws ReasonedError VolumeNotSaved
 */
export async function saveVolumes(
  migration: ContainerMigration,
  container: ContainerInfo,
  { store }: Pick<AgentDeps, 'store'>,
): Promise<void> {
  const base = migration.status.source?.preCopied?.digest;
  for (const volume of carriedVolumes(migration.status.source?.volumes, container)) {
    await store.saveVolume(checkpointOf(migration), volume, base);
  }
}

/**
 * The volumes and host directories whose files are carried, with where they lie.
 * @throws ReasonedError VolumeNotSaved
 */
export function carriedVolumes(
  volumes: SourceStatus['volumes'],
  container: Pick<ContainerInfo, 'name' | 'raw'>,
): readonly VolumeDirectory[] {
  const mounts = mountsOf(container.raw);
  return copied(volumes).map(({ name }) => {
    const mount = mounts.find((mounted) => mounted.name === name);
    if (mount !== undefined) return { name, mountpoint: mount.source };
    throw new ReasonedError('VolumeNotSaved', `container ${container.name} has nothing mounted from ${name} any more`);
  });
}

/**
 * After the original was removed: its volumes without a name go with it when their files have been carried, as with
 * `docker rm --volumes`. Named ones stay, and so does what another container has mounted.
 */
export async function removeAnonymous(
  { volumes }: SourceStatus,
  { dockerVolumes }: Pick<AgentDeps, 'dockerVolumes'>,
): Promise<void> {
  for (const { name } of copiedVolumes(volumes)) {
    const volume = await dockerVolumes.inspect(name);
    if (volume === undefined || !Object.hasOwn(volume.labels, ANONYMOUS_LABEL)) continue;
    if ((await dockerVolumes.usersOf(name)).length === 0) await dockerVolumes.remove(name);
  }
}

import type { Check, ContainerMigration, SourceStatus, VolumeStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { VolumeInfo } from '../../docker/volumes';
import { ReasonedError } from '../../runtime/errors';
import { isDifference } from '../../store/difference';
import type { Manifest } from '../../store/manifest-format';
import { volumeArchive } from '../../store/volume-archive';
import { checkpointOf } from '../checkpoint-key';
import { createFromDescription, MIGRATION_LABEL, readDescription, removeCreated } from '../created-container';
import { blocking } from '../node-checks';
import type { AgentDeps } from '../ports';
import { directoryChecks, directoryToFill, noteFilled, provideDirectories } from './directory-target';
import { removeDirectories } from './remove-directories';
import { unpackedBase } from '../pre-copied';
import { ownDirectory } from './own-directory';
import { copied, copiedDirectories, copiedVolumes, isVolume, provided, shared } from './plan';

type Owned = Pick<ContainerMigration, 'metadata'>;

const isOurs = ({ metadata: { uid } }: Owned, volume: VolumeInfo | undefined): boolean =>
  volume?.labels[MIGRATION_LABEL] === uid;

/** What stands on the target against the volumes of the container. Changes nothing. */
export async function volumeChecks(
  migration: ContainerMigration,
  source: SourceStatus | undefined,
  deps: AgentDeps,
): Promise<Check[]> {
  const { dockerVolumes, node } = deps;
  const checks = await directoryChecks(migration, source, deps);
  for (const { name } of copiedVolumes(source?.volumes)) {
    const existing = await dockerVolumes.inspect(name);
    if (existing === undefined || isOurs(migration, existing)) continue;
    checks.push(blocking('VolumeTaken', takenMessage(name, node.name)));
  }
  for (const { name } of shared(source?.volumes).filter(isVolume)) {
    if ((await dockerVolumes.inspect(name)) !== undefined) continue;
    const message = `${node.name} has no volume ${name}, which must show the same files there; create it on the shared storage`;
    checks.push(blocking('SharedVolumeMissing', message));
  }
  return checks;
}

/**
 * Creates the container from its description, and before it the volumes that it mounts. Not started, and no file of the
 * volumes is there yet.
 * @returns its full ID
 * @throws ReasonedError VolumeTaken, VolumeNotCopyable, HostDirectoryFailed, and as createFromDescription
 */
export async function createOnTarget(migration: ContainerMigration, name: string, deps: AgentDeps): Promise<string> {
  const volumes = provided(migration.status.source?.volumes);
  if (volumes.length > 0) {
    const { volumes: labels = {} } = await readDescription(migration, deps);
    // Noted before the first: one that is left over must be known for that.
    await deps.volumeLedger.note(migration.metadata.uid);
    for (const volume of volumes) {
      const own = Object.hasOwn(labels, volume.name) ? (labels[volume.name] ?? {}) : {};
      await provide(migration, volume, own, deps);
    }
  }
  await provideDirectories(migration, deps);
  return createFromDescription(migration, name, deps);
}

async function provide(
  migration: ContainerMigration,
  { name, policy }: VolumeStatus,
  labels: Readonly<Record<string, string>>,
  { dockerVolumes, node }: AgentDeps,
): Promise<void> {
  if ((await dockerVolumes.inspect(name)) === undefined) {
    await dockerVolumes.create(name, { ...labels, [MIGRATION_LABEL]: migration.metadata.uid });
  }
  // Docker does not say so when somebody else has just made one of that name.
  if (policy === 'Skip' || isOurs(migration, await dockerVolumes.inspect(name))) return;
  throw new ReasonedError('VolumeTaken', takenMessage(name, node.name));
}

/**
 * Puts the source's files into the volumes of a container that was never started, and nothing else: what an earlier try
 * or Docker has put there goes. From then on a sweep leaves the volumes alone, for the container may run.
 * @throws ReasonedError VolumeTaken, VolumeNotCopyable, CheckpointCorrupt, VolumeNotEmptied, VolumeNotFilled,
 *   HostDirectoryFailed
 */
export async function fillVolumes(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifest: Manifest,
  deps: AgentDeps,
): Promise<void> {
  const { volumes } = migration.status.source ?? {};
  for (const { name } of copied(volumes)) {
    const base = unpackedBase(migration, container);
    const isFilled = base?.isUnpacked === true && isDifference(manifest, volumeArchive(name));
    const mountpoint = await directoryFor(migration, container, name, deps);
    if (!manifest.files.some(({ path }) => path === volumeArchive(name))) {
      throw new ReasonedError('CheckpointCorrupt', `the checkpoint does not hold the files of ${name}`);
    }
    if (!isFilled) await deps.mountFiles.empty(mountpoint);
    await deps.store.fillVolume(checkpointOf(migration), { name, mountpoint }, manifest, base);
  }
  await noteFilled(migration, deps);
  if (provided(volumes).length > 0) await deps.volumeLedger.forget(migration.metadata.uid);
}

async function volumeToFill(
  migration: ContainerMigration,
  container: ContainerInfo,
  name: string,
  { dockerVolumes, node }: AgentDeps,
): Promise<string> {
  const volume = await dockerVolumes.inspect(name);
  const mountpoint = volume === undefined ? undefined : ownDirectory(volume);
  const others = (await dockerVolumes.usersOf(name)).filter(({ id }) => id !== container.id);
  if (isOurs(migration, volume) && mountpoint !== undefined && others.length === 0) return mountpoint;
  throw new ReasonedError('VolumeTaken', takenMessage(name, node.name));
}

/**
 * Where the files go that are carried of a volume or a host directory: it was made for the container, and nobody else
 * uses it.
 * @throws ReasonedError VolumeTaken, VolumeNotCopyable, HostDirectoryFailed
 */
export function directoryFor(
  migration: ContainerMigration,
  container: ContainerInfo,
  name: string,
  deps: AgentDeps,
): Promise<string> {
  const find = isVolume({ name }) ? volumeToFill : directoryToFill;
  return find(migration, container, name, deps);
}

/**
 * Removes what this migration has made on the target, whatever it does: the container, and the volumes and host
 * directories that were created for it. What somebody else's container has mounted by now stays.
 * @throws ReasonedError TargetNotCleaned, VolumeNotEmptied, HostDirectoryFailed
 */
export async function removeFromTarget(
  migration: ContainerMigration,
  knownID: string | undefined,
  deps: AgentDeps,
): Promise<void> {
  await removeCreated(migration, knownID, deps);
  const { uid } = migration.metadata;
  const { volumes } = migration.status.source ?? {};
  if (copiedDirectories(volumes).length > 0) await removeDirectories(uid, deps);
  const names = provided(volumes).map(({ name }) => name);
  if (names.length === 0) return;
  for (const name of await deps.dockerVolumes.list({ [MIGRATION_LABEL]: uid })) {
    const isFree = names.includes(name) && (await deps.dockerVolumes.usersOf(name)).length === 0;
    if (isFree) await deps.dockerVolumes.remove(name);
  }
  await deps.volumeLedger.forget(uid);
}

function takenMessage(name: string, node: string): string {
  return (
    `${node} has a volume ${name} already, or somebody uses the one that was made for the container; its files are not ` +
    `overwritten: remove it with \`docker volume rm ${name}\` when nobody needs it, or set Skip for it in spec.volumeOverrides`
  );
}

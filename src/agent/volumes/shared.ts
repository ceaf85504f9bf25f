import type { ActorError, ContainerMigration, SourceStatus, VolumeStatus } from '../../api/types';
import { describeError, ReasonedError } from '../../runtime/errors';
import type { AgentDeps } from '../ports';
import { isVolume, shared } from './plan';

type Deps = Pick<AgentDeps, 'dockerVolumes' | 'mountFiles' | 'node'>;

/** The names of the files by which shared directories are told begin so. */
const prefixOf = ({ metadata: { uid } }: ContainerMigration): string => `.transship-probe-${uid}-`;

/**
 * The source's part of the proof that both nodes show the same files: a file in each directory that the target must see
 * there. Can be repeated.
 * @param token what its name ends with, known to nobody else
 * @throws ReasonedError SharedProbeFailed
 */
export async function writeProbes(migration: ContainerMigration, token: string, deps: Deps): Promise<void> {
  for (const mount of shared(migration.status.source?.volumes)) {
    await deps.mountFiles.writeProbe(await directoryOf(mount, deps), prefixOf(migration), token);
  }
}

/** Takes the files away again, those of an earlier life of the agent too. */
export async function removeProbes(migration: ContainerMigration, deps: Deps): Promise<void> {
  for (const mount of shared(migration.status.source?.volumes)) {
    await deps.mountFiles.removeProbes(await directoryOf(mount, deps), prefixOf(migration));
  }
}

/** The same at the end of a migration that was given up, which a directory that is gone does not hold up: it is told. */
export async function removeProbesAtEnd(
  migration: ContainerMigration,
  deps: Deps,
): Promise<{ readonly error?: ActorError }> {
  try {
    await removeProbes(migration, deps);
    return {};
  } catch (error) {
    const message = `a file ${prefixOf(migration)}… may be left in a shared directory; remove it by hand: ${describeError(error)}`;
    return { error: { reason: 'SharedProbeFailed', message } };
  }
}

/**
 * The target's part.
 * @throws ReasonedError MountNotShared
 */
export async function requireShared(
  migration: ContainerMigration,
  source: Pick<SourceStatus, 'nodeName' | 'volumes' | 'sharedProbe'>,
  deps: Deps,
): Promise<void> {
  const token = source.sharedProbe ?? '';
  for (const mount of shared(source.volumes)) {
    const directory = await directoryOf(mount, deps);
    if (token !== '' && (await deps.mountFiles.hasProbe(directory, prefixOf(migration), token))) continue;
    throw new ReasonedError(
      'MountNotShared',
      `${directory} on ${deps.node.name} does not show the files that ${mount.name} has on ${source.nodeName}; ` +
        'mount the same storage there on both nodes, or set another policy in spec.volumeOverrides',
    );
  }
}

async function directoryOf(mount: VolumeStatus, { dockerVolumes, node }: Deps): Promise<string> {
  if (!isVolume(mount)) return mount.name;
  const mountpoint = (await dockerVolumes.inspect(mount.name))?.mountpoint ?? '';
  if (mountpoint !== '') return mountpoint;
  const message = `Docker on ${node.name} does not tell where the files of volume ${mount.name} lie`;
  throw new ReasonedError('SharedProbeFailed', message);
}

import type { ContainerMigration } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { MountInfo } from '../../docker/mounts';
import { mountsOf } from '../../docker/mounts';
import { RUNNING_STATES } from '../../docker/volumes';
import { ReasonedError } from '../../runtime/errors';
import type { AgentDeps } from '../ports';
import { isWithin, overlapping, reservedBecause, unsafeBecause, usersOfDirectory } from './directory-rules';
import { copiedDirectories } from './plan';

export type Deps = Pick<AgentDeps, 'dockerVolumes' | 'engine' | 'hostDirectories' | 'node' | 'store'>;

/** Why a directory cannot be copied, in a word and in a sentence. */
export interface Obstacle {
  readonly reason: 'VolumeNotCopyable' | 'VolumeInUse';
  readonly message: string;
}

/** What stands on the source against copying a host directory that the container has mounted. Changes nothing. */
export async function obstacleTo(
  { name: path, destination }: Pick<MountInfo, 'name' | 'destination'>,
  container: ContainerInfo,
  deps: Deps,
): Promise<Obstacle | undefined> {
  const because = await notCopyableBecause(path, destination, container, deps);
  if (because !== undefined) {
    const cure = 'set RequireShared or Skip for it in spec.volumeOverrides';
    return {
      reason: 'VolumeNotCopyable',
      message: `${path} (mounted at ${destination}) cannot be carried: ${because}; ${cure}`,
    };
  }
  const users = usersOfDirectory(path, await deps.dockerVolumes.mountUsers());
  const others = users.filter(({ id, state }) => id !== container.id && RUNNING_STATES.includes(state));
  if (others.length === 0) return undefined;
  const message =
    `${path} is also mounted into ${others.map(({ name }) => name).join(', ')} on ${deps.node.name}, which would go on ` +
    'using it; stop them, or set RequireShared or Skip for it in spec.volumeOverrides';
  return { reason: 'VolumeInUse', message };
}

async function notCopyableBecause(
  path: string,
  destination: string,
  { raw, pid }: ContainerInfo,
  { engine, hostDirectories, store }: Deps,
): Promise<string | undefined> {
  const reserved = reservedBecause(path, { volume: store.root, docker: (await engine.info()).rootDir });
  if (reserved !== undefined) return reserved;
  const parts = await hostDirectories.look(path);
  const unsafe = unsafeBecause(path, parts);
  if (unsafe !== undefined) return unsafe;
  if (parts.find((part) => part.path === path)?.kind !== 'directory') return 'only directories are copied';
  if ((await hostDirectories.isMounted(path, { pid, destination })) === false)
    return 'it was put there after the container was started, which shows another one';
  const [other] = overlapping(path, mountsOf(raw));
  if (other !== undefined) return `the container has ${other} mounted, too, of which one is in the other`;
  // They would be carried as if they were a part of it, or be missing.
  const below = (await hostDirectories.mountPoints()).find((point) => point !== path && isWithin(point, path));
  return below === undefined ? undefined : `something else is mounted at ${below}, which is not carried`;
}

/**
 * Looks right before the freeze that nothing has come to stand against it since the preflight.
 * @throws ReasonedError VolumeInUse, VolumeNotCopyable
 */
export async function requireCopyable(
  { status: { source } }: ContainerMigration,
  container: ContainerInfo,
  deps: Deps,
): Promise<void> {
  for (const directory of copiedDirectories(source?.volumes)) {
    const obstacle = await obstacleTo(directory, container, deps);
    if (obstacle !== undefined) throw new ReasonedError(obstacle.reason, obstacle.message);
  }
}

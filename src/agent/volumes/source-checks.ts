import type { Check, Spec, VolumeStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { mountsOf, subpathVolumes } from '../../docker/mounts';
import { member } from '../../docker/record';
import type { VolumeInfo } from '../../docker/volumes';
import { blocking } from '../node-checks';
import type { AgentDeps } from '../ports';
import type { Deps as DirectoryDeps } from './directory-source';
import { obstacleTo } from './directory-source';
import { ownDirectory } from './own-directory';
import type { PlannedMount } from './plan';
import { planMounts } from './plan';
import { otherWriters } from './source';

type Deps = DirectoryDeps & Pick<AgentDeps, 'mountFiles'>;

/** What the preflight says of a container's volumes. */
export interface SeenVolumes {
  readonly volumes: VolumeStatus[];
  readonly checks: Check[];
}

/** Looks at the volumes of the container and what shall become of each. Changes nothing. */
export async function seeVolumes(container: ContainerInfo, spec: Spec, deps: Deps): Promise<SeenVolumes> {
  const { planned, strays } = planMounts(mountsOf(container.raw), spec);
  const checks: Check[] = strays.map((name) =>
    blocking(
      'VolumeOverrideUnused',
      `spec.volumeOverrides names ${name}, which is neither a volume of container ${container.name} nor a path at which ` +
        'something is mounted in it; look at `docker inspect`, or take the entry away',
    ),
  );
  const volumes: VolumeStatus[] = [];
  const told = planned.filter(({ type, policy }) => type === 'volume' || policy !== 'Skip');
  // At once: the sizes of large volumes take their time.
  const found = await Promise.all(told.map(async (mount) => ({ mount, seen: await see(mount, container, deps) })));
  for (const { mount, seen } of found) {
    const { name, destination, policy } = mount;
    checks.push(...seen.checks);
    volumes.push({
      ...{ name, destination, policy },
      ...(seen.sizeBytes === undefined ? {} : { sizeBytes: seen.sizeBytes }),
    });
  }
  return { volumes, checks };
}

interface Seen {
  readonly checks: readonly Check[];
  readonly sizeBytes?: number | undefined;
}

async function see(mount: PlannedMount, container: ContainerInfo, deps: Deps): Promise<Seen> {
  const { name, destination, policy, type } = mount;
  if (type === 'bind') return policy === 'Copy' ? seeDirectory(mount, container, deps) : { checks: [] };
  const volume = await deps.dockerVolumes.inspect(name);
  switch (policy) {
    case 'Copy':
      return seeCopied(mount, volume, container, deps);
    case 'RequireShared':
      if (volume !== undefined && volume.mountpoint !== '') return { checks: [] };
      return { checks: [blocking('SharedProbeFailed', `Docker does not tell where the files of volume ${name} lie`)] };
    case 'Skip': {
      const message =
        `volume ${name} (${destination}) is not carried: the target's own is taken as it is, or is new and empty; ` +
        'when the container has a file of it open, it cannot be woken up there';
      return { checks: [{ reason: 'VolumeSkipped', message, blocking: false }] };
    }
  }
}

async function seeCopied(
  mount: PlannedMount,
  volume: VolumeInfo | undefined,
  container: ContainerInfo,
  { dockerVolumes, mountFiles, node }: Deps,
): Promise<Seen> {
  const obstacle = obstacleOf(mount, volume, container);
  if (obstacle !== undefined) return { checks: [notCopyable(mount, obstacle)] };
  const users = await otherWriters(mount.name, container, { dockerVolumes });
  if (users.length > 0) {
    const message =
      `volume ${mount.name} is also used by ${users.join(', ')} on ${node.name}, which would go on ` +
      'writing to it; stop them, or set RequireShared or Skip for it in spec.volumeOverrides';
    return { checks: [blocking('VolumeInUse', message)] };
  }
  return { checks: [], sizeBytes: await mountFiles.sizeBytes(mount.source) };
}

async function seeDirectory(mount: PlannedMount, container: ContainerInfo, deps: Deps): Promise<Seen> {
  const obstacle = await obstacleTo(mount, container, deps);
  if (obstacle !== undefined) return { checks: [blocking(obstacle.reason, obstacle.message)] };
  return { checks: [], sizeBytes: await deps.mountFiles.sizeBytes(mount.source) };
}

/** Why the files of the volume cannot be carried. */
function obstacleOf(mount: PlannedMount, volume: VolumeInfo | undefined, { raw }: ContainerInfo): string | undefined {
  if (volume === undefined) return 'Docker does not know it any more';
  const options = Object.entries(volume.options).map(([name, value]) => `${name}=${value}`);
  if (volume.driver !== 'local') return `its driver is ${volume.driver}`;
  if (options.length > 0) return `it has options of its own (${options.join(', ')})`;
  if (ownDirectory(volume) === undefined)
    return `its files lie in ${volume.mountpoint}, which is not Docker's own place`;
  return subpathVolumes(member(raw, 'HostConfig')).includes(mount.name) ? 'only a part of it is mounted' : undefined;
}

function notCopyable({ name, destination }: PlannedMount, why: string): Check {
  return blocking(
    'VolumeNotCopyable',
    `${name} (mounted at ${destination}) cannot be carried: ${why}; set RequireShared or Skip for it in spec.volumeOverrides`,
  );
}

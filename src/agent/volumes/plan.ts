import type { Spec, VolumePolicy, VolumeStatus } from '../../api/types';
import type { MountInfo } from '../../docker/mounts';

/** A mount of the container, and what is done about it. */
export interface PlannedMount extends MountInfo {
  readonly policy: VolumePolicy;
}

/**
 * What is done about each volume and each host directory of a container; one that is mounted at several places counts
 * once. A host directory is left to its owner (Skip) unless it must be shared, or an override says something else: it may
 * be anything, such as Docker's socket.
 * @returns `strays`: overrides that name nothing of this container
 */
export function planMounts(
  mounts: readonly MountInfo[],
  { volumes, volumeOverrides }: Pick<Spec, 'volumes' | 'volumeOverrides'>,
): { readonly planned: readonly PlannedMount[]; readonly strays: readonly string[] } {
  const planned = new Map<string, PlannedMount>();
  const used = new Set<string>();
  for (const mount of mounts) {
    const override =
      volumeOverrides.find(({ name }) => name === mount.destination) ??
      volumeOverrides.find(({ name }) => name === mount.name);
    if (override !== undefined) used.add(override.name);
    const byDefault = mount.type === 'volume' || volumes === 'RequireShared' ? volumes : 'Skip';
    const known = planned.get(mount.name);
    // The second place of the same files: what is said of either counts for both.
    if (known !== undefined && override === undefined) continue;
    planned.set(mount.name, { ...(known ?? mount), policy: override?.policy ?? byDefault });
  }
  const strays = volumeOverrides.map(({ name }) => name).filter((name) => !used.has(name));
  return { planned: [...planned.values()], strays };
}

/** The object tells of host directories too, whose names are paths. */
export function isVolume({ name }: Pick<VolumeStatus, 'name'>): boolean {
  return !name.startsWith('/');
}

/** Those whose files are carried: volumes and host directories. */
export function copied(volumes: readonly VolumeStatus[] | undefined): readonly VolumeStatus[] {
  return (volumes ?? []).filter(({ policy }) => policy === 'Copy');
}

/** Those of them that the target must not take as they are. */
export function copiedVolumes(volumes: readonly VolumeStatus[] | undefined): readonly VolumeStatus[] {
  return copied(volumes).filter(isVolume);
}

/** And those that it makes itself, outside of Docker's own. */
export function copiedDirectories(volumes: readonly VolumeStatus[] | undefined): readonly VolumeStatus[] {
  return copied(volumes).filter((volume) => !isVolume(volume));
}

/** Those that the target creates when they are not there. */
export function provided(volumes: readonly VolumeStatus[] | undefined): readonly VolumeStatus[] {
  return (volumes ?? []).filter((volume) => volume.policy !== 'RequireShared' && isVolume(volume));
}

/** Those that both nodes must share. */
export function shared(volumes: readonly VolumeStatus[] | undefined): readonly VolumeStatus[] {
  return (volumes ?? []).filter(({ policy }) => policy === 'RequireShared');
}

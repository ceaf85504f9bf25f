import { posix } from 'node:path';
import type { MountInfo } from '../../docker/mounts';
import type { MountUser } from '../../docker/volumes';
import type { PathPart } from './host-directories-port';

/** Never copied, and nothing below them: the system's, and those in which a file is as good as a command to root. */
const SYSTEM = (
  '/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /lost+found /proc /root /run /sbin /sys /usr /var/lock /var/run ' +
  '/var/spool /opt/cni /opt/containerd /opt/transship /var/lib/apt /var/lib/cni /var/lib/containerd /var/lib/containers ' +
  '/var/lib/dbus /var/lib/docker /var/lib/dockershim /var/lib/dpkg /var/lib/etcd /var/lib/kubelet /var/lib/rancher ' +
  '/var/lib/rpm /var/lib/systemd /var/lib/transship'
).split(' ');
/** What lies below these is somebody's own, but they are everybody's. */
const COMMON =
  '/ /home /media /mnt /opt /srv /tmp /var /var/backups /var/cache /var/lib /var/local /var/log /var/opt /var/tmp'.split(
    ' ',
  );

/** Places of the node that are known only to the agent. */
export interface OwnPlaces {
  /** Where the shared volume is mounted. */
  readonly volume: string;
  /** Docker's data root. */
  readonly docker: string;
}

/** An absolute path and those above it, `/` first. */
export function pathsTo(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return ['/', ...names.map((_name, index) => `/${names.slice(0, index + 1).join('/')}`)];
}

/** Whether it is that path, or below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** Without `..`, double slashes, and a slash at the end. */
const plain = (path: string): string => pathsTo(posix.normalize(path)).at(-1) ?? '/';
/** Whether one of the two is the other, or below it. */
export const overlap = (one: string, other: string): boolean => isWithin(one, other) || isWithin(other, one);

/**
 * Why a path is not one of those that are copied, whoever asks: it is no plain path, the system's, or Transship's.
 * What is above one of these holds it, and is refused too.
 */
export function reservedBecause(path: string, { volume, docker }: OwnPlaces): string | undefined {
  if (!posix.isAbsolute(path) || plain(path) !== path) return 'that is not a plain absolute path';
  const reserved = [...SYSTEM, ...[volume, docker].map(plain)].find((place) => overlap(path, place));
  if (reserved !== undefined) return `${reserved} belongs to the system, to Docker or to Transship`;
  return COMMON.includes(path) ? 'it is a directory of the system, for everybody' : undefined;
}

/**
 * Why a path is not safe to read and write as root: somebody else could make it lead elsewhere at any moment. Nobody can
 * when every directory above it is root's alone, and no symlink is among them.
 * @param parts what there is of the path
 */
export function unsafeBecause(path: string, parts: readonly PathPart[]): string | undefined {
  for (const part of parts) {
    if (part.kind === 'symlink') return `${part.path} is a symlink`;
    if (part.path === path) continue;
    if (part.kind !== 'directory') return `${part.path} is not a directory`;
    // The bits of group and others show what access control lists allow, too.
    if (part.uid !== 0 || (Number.parseInt(part.mode, 8) & 0o022) !== 0)
      return `others than root can rename what is in ${part.path}`;
  }
  return undefined;
}

/**
 * Other mounts of the same container that show some of the same files: copied twice or partly, they would not be what
 * they are.
 */
export function overlapping(path: string, mounts: readonly MountInfo[]): readonly string[] {
  return bound(mounts)
    .map(({ source }) => source)
    .filter((source) => source !== path && overlap(path, source));
}

/**
 * The containers that have files of the directory mounted. What is mounted from above, as `/` is by those who watch the
 * node, counts when they may write to it.
 */
export function usersOfDirectory(path: string, containers: readonly MountUser[]): readonly MountUser[] {
  return containers.filter(({ mounts }) =>
    bound(mounts).some(({ source, writable }) => isWithin(source, path) || (writable && isWithin(path, source))),
  );
}

/** Volumes lie below Docker's data root, which is never copied as a directory. */
function bound(mounts: readonly MountInfo[]): readonly MountInfo[] {
  return mounts.filter(({ type }) => type === 'bind');
}

import type { HostPort } from '../../docker/needs';
import { parseTcpTable } from '../../driver/tcp-table';

/** Bit of CAP_SYS_RESOURCE, include/uapi/linux/capability.h. */
const CAP_SYS_RESOURCE = 24n;
const KIB = 1024;
/** x86 says `flags`, arm64 `Features`. */
const CPU_FLAGS = /^(?:flags|Features)\s*:(.*)$/m;
/** Filesystems that live on another machine, by the names of the kernel. */
const NETWORK_FILESYSTEMS = /^(nfs4?|cifs|smb3|ceph|9p|afs|fuse\.(sshfs|glusterfs|s3fs|juicefs))$/;
const ANY_ADDRESS = ['0.0.0.0', '[::]'];

/** The flags of the first processor in /proc/cpuinfo; none when the kernel writes none. */
export function parseCpuFlags(cpuinfo: string): string[] {
  return words(CPU_FLAGS.exec(cpuinfo)?.[1] ?? '');
}

/** The bytes of a line such as `MemTotal:  4032384 kB`; 0 when there is no such line. */
export function bytesOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * KIB;
}

/**
 * Bytes that CRIU would write of one process, of its smaps_rollup. Anonymous pages count for each process that has them,
 * for CRIU writes those that a fork left shared for each; memory that is shared on purpose counts by its part, for it is
 * written once. Clean pages of files are read from the file again.
 */
export function parseDumpedMemory(smapsRollup: string): number {
  return bytesOf(smapsRollup, 'Anonymous') + bytesOf(smapsRollup, 'Pss_Shmem') + bytesOf(smapsRollup, 'Swap');
}

/** Whether a program that this process starts as root gets CAP_SYS_RESOURCE: what /proc/self/status lets it. */
export function parseHasSysResource(status: string): boolean {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${bounding}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** Whether all user and group IDs in a process's status are root's: prlimit(2) of another's needs CAP_SYS_RESOURCE. */
export function parseIsRoot(status: string): boolean {
  const ids = ['Uid', 'Gid'].map((name) => new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '');
  // Real, effective and saved; the fourth is of the filesystem, for which nobody asks.
  return ids.every((line) =>
    words(line)
      .slice(0, 3)
      .every((id) => id === '0'),
  );
}

/** One mount of a process's namespace. */
export interface Mount {
  /** Which directory of the filesystem is mounted; `/` for all of it. */
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
}

/** The lines of /proc/PID/mountinfo. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , root, mountPoint, ...rest] = line.split(' ');
    const fsType = rest[rest.indexOf('-') + 1];
    if (root === undefined || mountPoint === undefined || fsType === undefined) return [];
    return [{ root: unescaped(root), mountPoint: unescaped(mountPoint), fsType }];
  });
}

/** The kernel writes blanks and backslashes as octal numbers. */
const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Whether the mount's files are on another machine. */
export const isNetworkMount = ({ fsType }: Mount): boolean => NETWORK_FILESYSTEMS.test(fsType);

/** Filesystems that the kernel makes up, and that CRIU mounts again as they are. */
const KERNEL_FILESYSTEMS = /^(proc|sysfs|mqueue|devpts|devtmpfs|cgroup2?)$/;

/** A directory or a whole filesystem of the node. */
export const isHostMount = (mount: Mount): boolean =>
  !isNetworkMount(mount) && !isOwnTmpfs(mount) && !KERNEL_FILESYSTEMS.test(mount.fsType);

/** A tmpfs that was made for this mount: not a directory of the host's. */
export const isOwnTmpfs = ({ root, fsType }: Mount): boolean => fsType === 'tmpfs' && root === '/';

/** What listens, of /proc/net/tcp, tcp6, udp or udp6. A bound UDP socket is shown as closed (7). */
export function parseListeners(table: string, protocol: 'tcp' | 'udp'): HostPort[] {
  const state = protocol === 'tcp' ? 'LISTEN' : 'CLOSE';
  return parseTcpTable(table).flatMap((socket) => {
    return socket.state === state ? [toHostPort(socket.local, protocol)] : [];
  });
}

/** Of an address and port as the tables are read: `192.0.2.1:80`, `[::]:80`. */
export function toHostPort(local: string, protocol: 'tcp' | 'udp'): HostPort {
  const colon = local.lastIndexOf(':');
  const address = local.slice(0, colon);
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  return { protocol, address: ANY_ADDRESS.includes(address) ? '' : bare, port: Number(local.slice(colon + 1)) };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

import { ReasonedError, describeError } from '../runtime/errors';

const FAULTS = [
  'VolumeMissing',
  'VolumeStale',
  'VolumeReadOnly',
  'VolumeFull',
  'VolumeForbidden',
  'VolumeHung',
  'VolumeIOError',
  'VolumeCorrupt',
  'VolumeFailed',
] as const;

/** Why the shared volume cannot be used. */
export type VolumeFault = (typeof FAULTS)[number];

/** What the codes of a failed file operation mean on the volume, and what to do about them. */
const MEANINGS: Readonly<Record<string, readonly [VolumeFault, string]>> = {
  ENOENT: ['VolumeMissing', 'does not exist; look whether the shared volume is mounted on this node'],
  ENOTDIR: ['VolumeMissing', 'is not a directory; look whether the shared volume is mounted on this node'],
  ESTALE: ['VolumeStale', 'is no longer known to the file server; mount the shared volume again if this lasts'],
  EROFS: ['VolumeReadOnly', 'is mounted read-only; mount it so that it can be written'],
  ENOSPC: ['VolumeFull', 'is full; make room on it'],
  EDQUOT: ['VolumeFull', 'has no quota left; make room on it or raise the quota'],
  EACCES: ['VolumeForbidden', 'may not be used; on NFS export it with no_root_squash'],
  EPERM: ['VolumeForbidden', 'may not be used; on NFS export it with no_root_squash'],
  EIO: ['VolumeIOError', 'gave an input/output error; look at the file server and its disks'],
  ETIMEDOUT: ['VolumeHung', 'did not answer; look at the file server'],
};

/**
 * The faults that a file server, a mount or a cleaning-up may take away without anybody changing the installation. The
 * others need a person, or say that somebody else has written to the volume.
 */
const PASSING: readonly string[] = [
  'VolumeMissing',
  'VolumeStale',
  'VolumeReadOnly',
  'VolumeFull',
  'VolumeHung',
  'VolumeIOError',
] satisfies VolumeFault[];

/** True for the reason of a fault of the volume that may pass by itself: worth another try. */
export function isPassingVolumeFault(reason: string): boolean {
  return PASSING.includes(reason);
}

/** The code of a failed system call, such as ENOENT; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  // Not `instanceof Error`: errors of node:fs belong to another realm under jest.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The fault that a reason names; `VolumeFailed` for any other reason. */
export function faultOf(reason: string): VolumeFault {
  return FAULTS.find((fault) => fault === reason) ?? 'VolumeFailed';
}

/**
 * A failed file operation on the volume, as an error whose reason is a VolumeFault. One that has a reason stays as it is.
 * @param path of the volume, of the file or of the directory that the message names
 */
export function volumeError(path: string, cause: unknown): ReasonedError {
  if (cause instanceof ReasonedError) return cause;
  const [reason, what] = MEANINGS[codeOf(cause) ?? ''] ?? ['VolumeFailed', `cannot be used: ${describeError(cause)}`];
  return new ReasonedError(reason, `the shared volume (${path}) ${what}`, { cause });
}

/**
 * The words of a program about a file on the volume, as the fault they name; undefined when they name none.
 * @param stderr in the C locale
 */
export function volumeErrorIn(path: string, stderr: string): ReasonedError | undefined {
  const about = stderr.split('\n').filter((line) => line.includes(path));
  const found = STRERROR.find(([text]) => about.some((line) => line.includes(text)));
  return found === undefined ? undefined : volumeError(path, { code: found[1] });
}

/** strerror(3) of glibc; and what GNU tar says when a file system takes only a part: it has no room for the rest. */
const STRERROR = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Wrote only', 'ENOSPC'],
  ['Read-only file system', 'EROFS'],
  ['Stale file handle', 'ESTALE'],
  ['Input/output error', 'EIO'],
  ['Permission denied', 'EACCES'],
  ['Connection timed out', 'ETIMEDOUT'],
] as const;

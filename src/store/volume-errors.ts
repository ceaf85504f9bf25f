import { ReasonedError, describeError } from '../runtime/errors';

const FAULTS = [
  'VolumeMissing',
  'VolumeReadOnly',
  'VolumeFull',
  'VolumeForbidden',
  'VolumeHung',
  'VolumeCorrupt',
  'VolumeFailed',
] as const;

/** Why the shared volume cannot be used. */
export type VolumeFault = (typeof FAULTS)[number];

/** What the codes of a failed file operation mean on the volume, and what to do about them. */
const MEANINGS: Readonly<Record<string, readonly [VolumeFault, string]>> = {
  ENOENT: ['VolumeMissing', 'does not exist; look whether the shared volume is mounted on this node'],
  ENOTDIR: ['VolumeMissing', 'is not a directory; look whether the shared volume is mounted on this node'],
  ESTALE: ['VolumeMissing', 'is a directory that the file server no longer has; mount the shared volume again'],
  EROFS: ['VolumeReadOnly', 'is mounted read-only; mount it so that it can be written'],
  ENOSPC: ['VolumeFull', 'is full; make room on it'],
  EDQUOT: ['VolumeFull', 'has no quota left; make room on it or raise the quota'],
  EACCES: ['VolumeForbidden', 'may not be written; on NFS export it with no_root_squash'],
  EPERM: ['VolumeForbidden', 'may not be written; on NFS export it with no_root_squash'],
};

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

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { CommandRunner } from '../runtime/exec';
import { packDirectory, unpackDirectory } from './directory-archive';
import type { CheckpointPaths } from './layout';
import { VOLUMES } from './layout';

/** A Docker volume on a node. */
export interface VolumeDirectory {
  readonly name: string;
  /** Where its files lie on the node. */
  readonly mountpoint: string;
}

/** Where the archive of a volume lies below the checkpoint's directory: no name of a volume leads anywhere else. */
export function volumeArchive(name: string): string {
  return join(VOLUMES, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.tar`);
}

/**
 * Writes all files of a volume whose container stands still into the checkpoint, as the writable layer is written. The
 * directory of the archives must be there.
 * @throws ReasonedError VolumeNotSaved, or with a VolumeFault as reason
 */
export function saveVolume(
  run: CommandRunner,
  { directory }: Pick<CheckpointPaths, 'directory'>,
  { name, mountpoint }: VolumeDirectory,
  timeoutMs: number,
): Promise<void> {
  // What is not complete lies where it is no part of the checkpoint.
  const where = { directory: mountpoint, archive: join(directory, volumeArchive(name)), scratch: directory };
  return packDirectory(run, where, timeoutMs, {
    reason: 'VolumeNotSaved',
    message: `the files of volume ${name} could not be written to the shared volume`,
  });
}

/**
 * Unpacks them into a volume that was emptied and that no container uses which runs.
 * @throws ReasonedError VolumeNotFilled, or with a VolumeFault as reason
 */
export function fillVolume(
  run: CommandRunner,
  { directory }: Pick<CheckpointPaths, 'directory'>,
  { name, mountpoint }: VolumeDirectory,
  timeoutMs: number,
): Promise<void> {
  const where = { directory: mountpoint, archive: join(directory, volumeArchive(name)) };
  return unpackDirectory(run, where, timeoutMs, {
    reason: 'VolumeNotFilled',
    message: `the files of volume ${name} could not be unpacked on the target`,
  });
}

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

/** How a failure to save it is told. */
export const volumeNotSaved = ({ name }: VolumeDirectory): { reason: string; message: string } => ({
  reason: 'VolumeNotSaved',
  message: `the files of volume ${name} could not be written to the shared volume`,
});
/** How a failure to fill it is told. */
export const volumeNotFilled = ({ name }: VolumeDirectory): { reason: string; message: string } => ({
  reason: 'VolumeNotFilled',
  message: `the files of volume ${name} could not be unpacked on the target`,
});

/**
 * Writes all files of a volume whose container stands still into the checkpoint, as the writable layer is written. The
 * directory of the archives must be there.
 * @throws ReasonedError VolumeNotSaved, or with a VolumeFault as reason
 */
export function saveVolume(
  run: CommandRunner,
  { directory }: Pick<CheckpointPaths, 'directory'>,
  volume: VolumeDirectory,
  timeoutMs: number,
): Promise<void> {
  const { name, mountpoint } = volume;
  // What is not complete lies where it is no part of the checkpoint.
  const where = { directory: mountpoint, archive: join(directory, volumeArchive(name)), scratch: directory };
  return packDirectory(run, where, timeoutMs, volumeNotSaved(volume));
}

/**
 * Unpacks them into a volume that was emptied and that no container uses which runs.
 * @throws ReasonedError VolumeNotFilled, or with a VolumeFault as reason
 */
export function fillVolume(
  run: CommandRunner,
  { directory }: Pick<CheckpointPaths, 'directory'>,
  volume: VolumeDirectory,
  timeoutMs: number,
): Promise<void> {
  const { name, mountpoint } = volume;
  const where = { directory: mountpoint, archive: join(directory, volumeArchive(name)) };
  return unpackDirectory(run, where, timeoutMs, volumeNotFilled(volume));
}

import { readdir } from 'node:fs/promises';
import type { Clock } from '../runtime/clock';
import type { CommandRunner } from '../runtime/exec';
import { packDirectory, unpackDirectory } from './directory-archive';

/** True when the container changed no file of its image. */
export async function isLayerEmpty(upperDirectory: string): Promise<boolean> {
  return (await readdir(upperDirectory)).length === 0;
}

/** How a failure to save it is told. */
export const LAYER_NOT_SAVED = {
  reason: 'WritableLayerNotSaved',
  message: 'the files that the container changed could not be written to the shared volume',
} as const;
/** How a failure to unpack it is told. */
export const LAYER_NOT_APPLIED = {
  reason: 'WritableLayerNotApplied',
  message: 'the files that the container changed could not be unpacked on the target',
} as const;

/**
 * Writes all changed and deleted files of a frozen container into an archive, as packDirectory does.
 * @throws ReasonedError WritableLayerNotSaved, or with a VolumeFault as reason
 */
export function saveLayer(
  run: CommandRunner,
  upperDirectory: string,
  archive: string,
  timeoutMs: number,
  options: { readonly clock?: Clock } = {},
): Promise<void> {
  return packDirectory(run, { directory: upperDirectory, archive }, timeoutMs, {
    ...options,
    ...LAYER_NOT_SAVED,
  });
}

/**
 * Unpacks the archive into the layer of a container that was never started: overlayfs does not see files that appear
 * beneath a mounted layer. As unpackDirectory does.
 * @throws ReasonedError WritableLayerNotApplied, or with a VolumeFault as reason
 */
export function applyLayer(
  run: CommandRunner,
  archive: string,
  upperDirectory: string,
  timeoutMs: number,
  options: { readonly clock?: Clock } = {},
): Promise<void> {
  return unpackDirectory(run, { directory: upperDirectory, archive }, timeoutMs, {
    ...options,
    ...LAYER_NOT_APPLIED,
  });
}

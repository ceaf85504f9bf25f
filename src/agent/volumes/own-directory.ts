import { posix } from 'node:path';
import type { VolumeInfo } from '../../docker/volumes';

/**
 * The directory of a volume's files, when it is what the driver `local` makes for a volume of that name
 * (`<data root>/volumes/<name>/_data`): no other directory is ever emptied or written to. Undefined for any other.
 */
export function ownDirectory({ name, driver, mountpoint }: VolumeInfo): string | undefined {
  const isPlain = posix.isAbsolute(mountpoint) && posix.normalize(mountpoint) === mountpoint;
  return driver === 'local' && isPlain && mountpoint.endsWith(`/volumes/${name}/_data`) ? mountpoint : undefined;
}

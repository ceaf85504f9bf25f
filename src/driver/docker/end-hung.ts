import type { DriverLeftovers } from '../runc/leftovers';
import { readWrapperPid } from '../runc/marker';
import { killCgroupMembers } from '../runc/runc-processes';

/**
 * Kills the CRIU of restores that an earlier life of the agent began and that do not end: CRIU spins on a truncated image,
 * and as long as it does, Docker answers nothing about the container, so that nobody else comes to it. The marker stays
 * as it is: whoever comes next finds the container not running. Those of the wrapper are its agent's to end.
 * @param olderThanMs longer than a wake-up may take
 */
export async function endHungRestores(
  { runDir, files }: { readonly runDir: string; readonly files: Pick<DriverLeftovers, 'find'> },
  olderThanMs: number,
): Promise<void> {
  const { markers } = await files.find();
  for (const { containerID, wake, ageMs } of markers) {
    if (wake !== 'restoring' || ageMs < olderThanMs) continue;
    if ((await readWrapperPid(runDir, containerID)) === undefined) killCgroupMembers(containerID);
  }
}

import { killTree } from '../../runtime/process-tree';
import { moveState, readWakeState, readWrapperPid } from './marker';
import type { BeneathDocker } from './options';
import { isWrapper, killCgroupMembers } from './runc-processes';

const POLL_MS = 50;
/** How long runc and the wrapper have to clean up once their CRIU is dead. */
const CLEANUP_MS = 3_000;

/**
 * Makes sure that no start of this container does anything any more, and that nothing of a restore is left: takes back
 * what is armed or restored, kills what restores. A container that has resumed in time, or was never armed, is left
 * alone.
 */
export async function killRestore(containerID: string, options: BeneathDocker): Promise<void> {
  const { runDir, clock } = options;
  // Each rename is one that the wrapper does before it goes on: whoever comes second finds nothing and gives up.
  for (const state of ['armed', 'restoring', 'restored'] as const)
    await moveState(runDir, containerID, state, 'failed');
  const killAt = clock.monotonic() + CLEANUP_MS;
  while ((await readWakeState(runDir, containerID)) === 'failed') {
    killCgroupMembers(containerID);
    const wrapper = await readWrapperPid(runDir, containerID);
    if (wrapper === undefined || !isWrapper(wrapper, containerID)) return;
    if (clock.monotonic() >= killAt) {
      // With this state the wrapper unmounts what a killed runc leaves, before anybody removes files through it.
      await moveState(runDir, containerID, 'failed', 'restoring');
      killTree(wrapper);
      killCgroupMembers(containerID);
      return;
    }
    await clock.sleep(POLL_MS);
  }
}

import type { ContainerMigration, TargetStatus } from '../../api/types';
import type { AgentDeps } from '../ports';

/** The container runs here for good: it restarts by itself as its owner wished, and nothing of the wake-up is left. */
export async function settleTarget(
  { metadata, status: { source } }: ContainerMigration,
  status: TargetStatus,
  { engine, driver }: AgentDeps,
): Promise<TargetStatus> {
  const { containerID } = status;
  if (containerID !== undefined) {
    // Its owner may have removed it meanwhile, which is no business of ours.
    const exists = (await engine.inspect(containerID)) !== undefined;
    if (exists && source?.restartPolicy !== undefined) await engine.setRestartPolicy(containerID, source.restartPolicy);
    await driver.forget(containerID, metadata.uid);
  }
  return { ...status, state: 'Settled' };
}

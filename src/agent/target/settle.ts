import type { ContainerMigration, TargetStatus } from '../../api/types';
import type { AgentDeps } from '../ports';
import { keepDirectories } from '../volumes/directory-target';

/**
 * The container runs here for good: it restarts by itself as its owner wished, and nothing of the wake-up is left. One
 * that its daemon has killed in the meantime would have been started again by that policy, had it been set already.
 */
export async function settleTarget(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const { engine, driver, deadlines } = deps;
  const { metadata } = migration;
  const { source } = migration.status;
  const { containerID } = status;
  const policy = source?.restartPolicy;
  if (containerID !== undefined) {
    // Its owner may have removed it meanwhile, which is no business of ours.
    const container = await engine.inspect(containerID);
    if (container !== undefined && policy !== undefined) await engine.setRestartPolicy(containerID, policy);
    await driver.forget(containerID, metadata.uid);
    const restarts = policy?.name === 'always' || policy?.name === 'unless-stopped';
    if (container?.state === 'exited' && restarts) await engine.start(containerID, { timeoutMs: deadlines.wakeMs });
  }
  await keepDirectories(migration, deps);
  return { ...status, state: 'Settled' };
}

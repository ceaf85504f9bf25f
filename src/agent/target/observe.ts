import type { ContainerMigration } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { TargetView } from '../../protocol/target';
import { findCreated } from '../created-container';
import type { AgentDeps } from '../ports';
import { hasRunOn } from '../wake-up';

/** What the target agent finds on its node. */
export async function observeTarget(migration: ContainerMigration, deps: AgentDeps): Promise<TargetView> {
  const [container, outOfService] = await Promise.all([
    findCreated(migration, migration.status.target?.containerID, deps),
    deps.node.isOutOfService(),
  ]);
  if (container === undefined) return { container: 'none', outOfService };
  const { target } = migration.status;
  const memory =
    target?.state === 'Restored' && target.lazyPages === 'Pending'
      ? { memory: (await deps.driver.memory(container.id)).state }
      : {};
  return { container: await stateOf(container, deps), outOfService, ...memory };
}

async function stateOf(container: ContainerInfo, deps: AgentDeps): Promise<TargetView['container']> {
  if (await hasRunOn(container, deps)) return 'woken';
  return container.state === 'created' ? 'created' : 'stopped';
}

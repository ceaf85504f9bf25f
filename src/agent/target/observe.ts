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
  return { container: container === undefined ? 'none' : await stateOf(container, deps), outOfService };
}

async function stateOf(container: ContainerInfo, deps: AgentDeps): Promise<TargetView['container']> {
  if (await hasRunOn(container, deps)) return 'woken';
  return container.state === 'created' ? 'created' : 'stopped';
}

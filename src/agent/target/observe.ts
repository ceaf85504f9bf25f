import type { ContainerMigration } from '../../api/types';
import type { TargetView } from '../../protocol/target';
import { findCreated } from '../created-container';
import type { AgentDeps } from '../ports';

/** What the target agent finds on its node. */
export async function observeTarget(migration: ContainerMigration, deps: AgentDeps): Promise<TargetView> {
  const container = await findCreated(migration, migration.status.target?.containerID, deps);
  if (container === undefined) return { container: 'none' };
  if (container.pid !== 0) return { container: 'running' };
  return { container: container.state === 'created' ? 'created' : 'stopped' };
}

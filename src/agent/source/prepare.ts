import type { ContainerMigration, SourceStatus } from '../../api/types';
import { describe } from '../../docker/description';
import { checkpointOf } from '../checkpoint-key';
import { chooseFor } from '../criu-options';
import { reserveContainer } from '../journal-holder';
import type { AgentDeps } from '../ports';
import { originalOf } from './original';

/** Everything the source can do while the container still runs. Can be repeated at any point. */
export async function prepareSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  await reserveContainer(container, migration, deps);
  const text = `${JSON.stringify(describe(container), null, 2)}\n`;
  return {
    ...status,
    state: 'Prepared',
    criuOptions: await chooseFor(migration, container, deps),
    description: await deps.store.publishDescription(checkpointOf(migration), text),
    // Noted in the object before it is switched off: whoever wakes the container up can set it again.
    restartPolicy: container.restartPolicy,
    clock: await deps.node.measureClock(),
  };
}

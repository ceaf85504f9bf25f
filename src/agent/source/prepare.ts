import { randomBytes } from 'node:crypto';
import type { ContainerMigration, SourceStatus } from '../../api/types';
import { describe } from '../../docker/description';
import { checkpointOf } from '../checkpoint-key';
import { logsToCarry } from '../container-logs';
import { chooseFor } from '../criu-options';
import { asToBeMade } from '../networks/kept-addresses';
import { reserveContainer } from '../journal-holder';
import type { AgentDeps } from '../ports';
import { shared } from '../volumes/plan';
import { writeProbes } from '../volumes/shared';
import { describeVolumes } from '../volumes/source';
import { originalOf } from './original';
import { preCopy } from './pre-copy';
import { saveImage } from './save-image';

/** Everything the source can do while the container still runs. Can be repeated at any point. */
export async function prepareSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  await reserveContainer(container, migration, deps);
  const image = await saveImage(migration, container, deps);
  const logs = logsToCarry(migration, container);
  // Most of it is written already and does not change any more: it needs no downtime.
  if (logs !== undefined) await deps.store.saveLogsAhead(checkpointOf(migration), logs);
  const made = await asToBeMade(container, migration.spec, deps);
  const description = { ...describe(made.container), ...(await describeVolumes(status, deps)) };
  const text = `${JSON.stringify(description, null, 2)}\n`;
  const sharedProbe = shared(status.volumes).length === 0 ? undefined : randomBytes(16).toString('hex');
  if (sharedProbe !== undefined) await writeProbes(migration, sharedProbe, deps);
  // Late: what changes from then on is copied again.
  const preCopied = await preCopy(migration, container, deps);
  return {
    ...status,
    ...image,
    ...preCopied,
    state: 'Prepared',
    criuOptions: await chooseFor(migration, container, deps),
    description: await deps.store.publishDescription(checkpointOf(migration), text),
    // Noted in the object before it is switched off: whoever wakes the container up can set it again.
    restartPolicy: container.restartPolicy,
    ...(sharedProbe === undefined ? {} : { sharedProbe }),
    clock: await deps.node.measureClock(),
  };
}

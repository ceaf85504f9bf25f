import type { ContainerMigration, SourceStatus, TargetStatus } from '../../api/types';
import { requireAsSeen } from '../../docker/as-seen';
import type { PortableDescription } from '../../docker/description';
import { parseDescription, toCreateBody } from '../../docker/description';
import { ReasonedError } from '../../runtime/errors';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { findOurs, MIGRATION_LABEL } from './ours';
import { targetName } from './preflight';

/** Creates the container, not started: what can fail, fails before the freeze. Can be repeated at any point. */
export async function prepareTarget(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const { source } = migration.status;
  if (source?.description === undefined)
    throw new ReasonedError('DescriptionMissing', 'the source has described nothing');
  const description = parseDescription(await deps.store.readDescription(checkpointOf(migration), source.description));
  requireAsSeen(description, source);
  const existing = await findOurs(migration, deps);
  const containerID = existing?.id ?? (await create(migration, description, source, deps));
  return { ...status, state: 'Prepared', containerID, clock: await deps.node.measureClock() };
}

async function create(
  migration: ContainerMigration,
  description: PortableDescription,
  source: SourceStatus,
  deps: AgentDeps,
): Promise<string> {
  const { runtime, annotations } = deps.driver.createOptions(migration.metadata.uid);
  const labels = {
    [MIGRATION_LABEL]: migration.metadata.uid,
    'transship.dev/from-node': source.nodeName,
    'transship.dev/from-container': source.containerID ?? '',
  };
  return deps.engine.create(targetName(migration), toCreateBody(description, { runtime, labels, annotations }));
}

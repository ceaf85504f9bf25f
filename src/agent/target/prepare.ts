import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ContainerMigration, SourceStatus, TargetStatus } from '../../api/types';
import type { PortableDescription } from '../../docker/description';
import { parseDescription, toCreateBody } from '../../docker/description';
import { ReasonedError } from '../../runtime/errors';
import { ensureVisible } from '../../store/files';
import type { AgentDeps } from '../ports';
import { pathsOf } from '../paths';
import { onVolume, VOLUME_TIMEOUT_MS } from '../volume-deadline';
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
  const description = await readDescription(migration, source.description, deps);
  if (description.imageID !== source.imageID) {
    throw new ReasonedError(
      'DescriptionInvalid',
      'the description on the volume names another image than the preflight saw',
    );
  }
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

/**
 * The description that the source wrote. It comes before the manifest, so that the container can be created before the
 * freeze; what guards it is the digest in the object (docs/adr/0002).
 */
async function readDescription(
  migration: ContainerMigration,
  expected: { readonly digest: string; readonly sizeBytes: number },
  deps: AgentDeps,
): Promise<PortableDescription> {
  const { description, relative } = pathsOf(migration, deps.volume);
  const bytes = await onVolume(deps.clock, VOLUME_TIMEOUT_MS, () =>
    readExactly(description, expected.sizeBytes, relative, deps),
  );
  if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== expected.digest) {
    throw new ReasonedError('DescriptionCorrupt', `container.json in ${relative} is not what the source wrote`);
  }
  return parseDescription(bytes.toString('utf8'));
}

async function readExactly(path: string, sizeBytes: number, relative: string, deps: AgentDeps): Promise<Buffer> {
  await ensureVisible(path, deps.clock);
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(sizeBytes);
      const { bytesRead } = await file.read(buffer, 0, sizeBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new ReasonedError(
      'DescriptionMissing',
      `${deps.node.name} does not see container.json in ${relative}, which the source has written; do both nodes mount the same volume?`,
      { cause },
    );
  }
}

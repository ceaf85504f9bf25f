import type { ContainerMigration, SourceStatus } from '../../api/types';
import { describe } from '../../docker/description';
import { atomicWrite, ensureDirectory } from '../../store/files';
import { createHash } from 'node:crypto';
import type { Journal } from '../journal';
import { reserveContainer } from '../journal-holder';
import type { AgentDeps } from '../ports';
import { pathsOf } from '../paths';
import { onVolume, VOLUME_TIMEOUT_MS } from '../volume-deadline';
import { originalOf } from './original';

/** Everything the source can do while the container still runs. Can be repeated at any point. */
export async function prepareSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
  journal: Journal,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  await reserveContainer(container.id, migration, deps, journal);
  const paths = pathsOf(migration, deps.volume);
  const text = `${JSON.stringify(describe(container), null, 2)}\n`;
  await onVolume(deps.clock, VOLUME_TIMEOUT_MS, async () => {
    await ensureDirectory(deps.volume, paths.directory);
    await atomicWrite(paths.description, text);
  });
  return {
    ...status,
    state: 'Prepared',
    description: {
      digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
      sizeBytes: Buffer.byteLength(text),
    },
    // Noted in the object before it is switched off: whoever wakes the container up can set it again.
    restartPolicy: container.restartPolicy,
    clock: await deps.node.measureClock(),
  };
}

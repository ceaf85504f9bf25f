import type { Check, ContainerMigration } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { formatBytes } from '../../runtime/format-bytes';
import { FILE_LOG_DRIVERS } from '../../store/log-files';
import { containerLogs } from '../container-logs';
import type { NodeAccess } from '../ports';

/** From here on a log is worth a word: the target reads it twice and writes it while the container stands still. */
const LARGE_BYTES = 256 * 1024 * 1024;

/** What becomes of `docker logs`; nothing of it stands against a migration. */
export async function logChecks(
  container: ContainerInfo,
  { spec }: Pick<ContainerMigration, 'spec'>,
  node: Pick<NodeAccess, 'logSizeBytes'>,
): Promise<Check[]> {
  const { name, logDriver } = container;
  // It keeps nothing that could be left behind.
  if (logDriver === 'none') return [];
  const logs = containerLogs(container);
  if (logs === undefined) {
    const why = FILE_LOG_DRIVERS.some((driver) => driver === logDriver)
      ? 'Docker does not tell where the log lies, as its storage driver is not overlay2'
      : `the log driver ${logDriver || 'of the daemon'} keeps the log elsewhere`;
    return [notCarried(why, name, 'stays behind')];
  }
  if (spec.logs === 'Skip') {
    const fate = spec.afterSuccess === 'Remove' ? 'is removed with the original' : 'stays behind with the original';
    return [notCarried('spec.logs is Skip', name, fate)];
  }
  const sizeBytes = await node.logSizeBytes(logs);
  if (sizeBytes < LARGE_BYTES) return [];
  const message =
    `the log of container ${name} is ${formatBytes(sizeBytes)} large, and the target puts it in place while the container ` +
    'stands still; spec.logs: Skip leaves it behind, and a container that is created with ' +
    '--log-opt max-size=… --log-opt max-file=… keeps less';
  return [{ reason: 'LogsLarge', message, blocking: false }];
}

function notCarried(why: string, name: string, fate: string): Check {
  const message = `${why}: \`docker logs ${name}\` on the target begins at the move, what was written before ${fate}`;
  return { reason: 'LogsNotCarried', message, blocking: false };
}

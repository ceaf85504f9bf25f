import type { Check } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { formatBytes } from '../../runtime/format-bytes';
import { FILE_LOG_DRIVERS } from '../../store/log-files';
import { containerLogs } from '../container-logs';
import type { NodeAccess } from '../ports';

/** From here on a log is worth a word: it is written once, and read three times, while the container stands still. */
const LARGE_BYTES = 256 * 1024 * 1024;

/** What becomes of `docker logs`; nothing of it stands against a migration. */
export async function logChecks(container: ContainerInfo, node: Pick<NodeAccess, 'logSizeBytes'>): Promise<Check[]> {
  const { name, logDriver } = container;
  const logs = containerLogs(container);
  if (logs !== undefined) {
    const sizeBytes = await node.logSizeBytes(logs);
    if (sizeBytes < LARGE_BYTES) return [];
    const message =
      `the log of container ${name} is ${formatBytes(sizeBytes)} large and is copied while the container stands still; ` +
      'a container that is created with --log-opt max-size=… --log-opt max-file=… keeps less';
    return [{ reason: 'LogsLarge', message, blocking: false }];
  }
  // It keeps nothing that could be left behind.
  if (logDriver === 'none') return [];
  const why = FILE_LOG_DRIVERS.some((driver) => driver === logDriver)
    ? 'Docker does not tell where the log lies, as its storage driver is not overlay2'
    : `the log driver ${logDriver || 'of the daemon'} keeps the log elsewhere`;
  const message = `${why}: \`docker logs ${name}\` on the target begins at the move, what was written before stays behind`;
  return [{ reason: 'LogsNotCarried', message, blocking: false }];
}

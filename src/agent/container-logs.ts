import { join } from 'node:path';
import type { ContainerMigration } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import type { ContainerLogs, FileLogDriver } from '../store/log-files';
import { FILE_LOG_DRIVERS } from '../store/log-files';

/** Below Docker's data root, whichever that is. */
const OVERLAY_LAYER = /^(\/.*)?\/overlay2\/[^/]+\/diff$/;

/**
 * Where Docker keeps the log of a container, whether it was started yet or not; undefined for a log driver that writes
 * no files, and where Docker does not tell where its files lie (only `overlay2` does).
 *
 * `LogPath` says so only for json-file, and only of a container that was started. moby (container.StartLogger) keeps
 * both kinds in the container's directory, which is `containers/<id>` below the data root; so is `overlay2`.
 */
export function containerLogs({
  id,
  logDriver,
  upperDir,
}: Pick<ContainerInfo, 'id' | 'logDriver' | 'upperDir'>): ContainerLogs | undefined {
  const driver = FILE_LOG_DRIVERS.find((name) => name === logDriver);
  const layer = OVERLAY_LAYER.exec(upperDir ?? '');
  if (driver === undefined || layer === null) return undefined;
  const containerDirectory = join(layer[1] ?? '/', 'containers', id);
  return { driver, containerDirectory, path: join(containerDirectory, logPath(driver, id)) };
}

/** The log that goes along with a migration; undefined when there is none, or its owner leaves it behind. */
export function logsToCarry(
  { spec }: Pick<ContainerMigration, 'spec'>,
  container: Pick<ContainerInfo, 'id' | 'logDriver' | 'upperDir'>,
): ContainerLogs | undefined {
  return spec.logs === 'Skip' ? undefined : containerLogs(container);
}

function logPath(driver: FileLogDriver, id: string): string {
  switch (driver) {
    case 'json-file':
      return `${id}-json.log`;
    case 'local':
      return 'local-logs/container.log';
  }
}

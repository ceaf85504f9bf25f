import type { SourceStatus } from '../../api/types';
import type { ContainerEngine, ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';

/**
 * The container that the preflight found, by its ID: a name could mean another one by now.
 * @throws ReasonedError SourceLost when it is gone
 */
export async function originalOf(status: SourceStatus, engine: ContainerEngine): Promise<ContainerInfo> {
  const container = await findOriginal(status, engine);
  if (container === undefined) {
    throw new ReasonedError(
      'SourceLost',
      `container ${status.containerName ?? ''} (${status.containerID ?? 'no ID'}) was removed from ${status.nodeName} during the migration`,
    );
  }
  return container;
}

/** The same, undefined when it is gone. */
export async function findOriginal(status: SourceStatus, engine: ContainerEngine): Promise<ContainerInfo | undefined> {
  return status.containerID === undefined ? undefined : engine.inspect(status.containerID);
}

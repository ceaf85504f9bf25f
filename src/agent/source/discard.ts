import type { ActorError, ContainerMigration } from '../../api/types';
import { withDeadline } from '../../runtime/deadline';
import { describeError } from '../../runtime/errors';
import { removeDirectory } from '../../store/files';
import { pathsOf } from '../paths';
import type { AgentDeps } from '../ports';

const DISCARD_TIMEOUT_MS = 30_000;

/**
 * Removes the checkpoint from the volume unless it is to be kept. A volume that cannot be written just now does not
 * hold up the end of a migration: the container runs. What is left behind is named, as it may hold secrets.
 */
export async function discardCheckpoint(
  migration: ContainerMigration,
  { volume, clock }: AgentDeps,
  isKept: () => boolean | Promise<boolean>,
): Promise<{ error?: ActorError }> {
  const { migration: directory } = pathsOf(migration, volume);
  try {
    await withDeadline({ clock, ms: DISCARD_TIMEOUT_MS, what: 'the shared volume' }, async () => {
      if (!(await isKept())) await removeDirectory(volume, directory);
    });
    return {};
  } catch (error) {
    const message = `the checkpoint in ${directory} could not be removed; remove it by hand: ${describeError(error)}`;
    return { error: { reason: 'CheckpointNotRemoved', message } };
  }
}

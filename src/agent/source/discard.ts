import type { ActorError, ContainerMigration } from '../../api/types';
import { withDeadline } from '../../runtime/deadline';
import { describeError } from '../../runtime/errors';
import { checkpointPaths } from '../../store/layout';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';

const DISCARD_TIMEOUT_MS = 30_000;

/**
 * Removes the checkpoint from the volume unless it is to be kept. A volume that cannot be written just now does not
 * hold up the end of a migration: the container runs. What is left behind is named, as it may hold secrets.
 */
export async function discardCheckpoint(
  migration: ContainerMigration,
  { store, clock }: Pick<AgentDeps, 'store' | 'clock'>,
  isKept: () => boolean | Promise<boolean>,
): Promise<{ error?: ActorError }> {
  const checkpoint = checkpointOf(migration);
  try {
    await withDeadline({ clock, ms: DISCARD_TIMEOUT_MS, what: 'the shared volume' }, async (signal) => {
      if (await isKept()) return;
      signal.throwIfAborted();
      await store.discard(checkpoint);
    });
    return {};
  } catch (error) {
    const { migration: directory } = checkpointPaths(store.root, checkpoint);
    const message = `the checkpoint in ${directory} could not be removed; remove it by hand: ${describeError(error)}`;
    return { error: { reason: 'CheckpointNotRemoved', message } };
  }
}

import { isIP } from 'node:net';
import type { Check, ContainerMigration } from '../../api/types';
import { ReasonedError } from '../../runtime/errors';
import { blocking } from '../node-checks';
import type { AgentDeps } from '../ports';
import { requestOf } from './request';

/**
 * Whether the hook of a migration is there, safe to run, and willing: whoever may make a ContainerMigration says which
 * addresses are to be moved, and the node's administrator by the hook whether they may be.
 */
export async function moveHookChecks(
  migration: ContainerMigration,
  { moveHooks, node }: Pick<AgentDeps, 'moveHooks' | 'node'>,
): Promise<Check[]> {
  const { network } = migration.spec;
  if (network === undefined) return [];
  const invalid = network.addresses.filter((address) => isIP(address) === 0);
  if (invalid.length > 0) {
    return [blocking('MoveHookFailed', `spec.network.addresses holds what is no IP address: ${invalid.join(', ')}`)];
  }
  try {
    await moveHooks.run(network.moveHook, requestOf(migration, 'check', node.name));
    return [];
  } catch (error) {
    if (error instanceof ReasonedError && error.reason.startsWith('MoveHook')) {
      return [blocking(error.reason, error.message)];
    }
    throw error;
  }
}

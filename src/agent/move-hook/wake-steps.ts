import type { ContainerMigration, TargetStatus } from '../../api/types';
import { attachedNetworks } from '../../docker/endpoints';
import type { ContainerInfo } from '../../docker/engine';
import { answersOf } from '../networks/hooked';
import type { AgentDeps } from '../ports';
import { requestOf } from './request';
import { openAddresses } from './source-steps';

type Deps = Pick<AgentDeps, 'moveHooks' | 'addressGate' | 'node'>;

/**
 * Before a container is woken up: its addresses are this node's, and until its processes run no TCP comes in for them or
 * leaves from them. What leaves its published ports answers as those addresses from the first packet on.
 * @throws ReasonedError AddressGateFailed, MoveHookFailed, MoveHookMissing, MoveHookUnsafe
 */
export async function takeAddresses(
  migration: ContainerMigration,
  container: ContainerInfo,
  { moveHooks, addressGate, node }: Deps,
): Promise<void> {
  const { metadata, spec } = migration;
  const { network } = spec;
  if (network === undefined) return;
  await addressGate.shut(metadata.uid, network.addresses);
  if (spec.connections === 'Keep' && container.networkMode !== 'host') {
    const own = attachedNetworks(container).flatMap(({ addresses }) => addresses);
    const answers = answersOf(container, own, network.addresses);
    if (answers.length > 0) await addressGate.answerAs(container.id, answers);
  }
  await moveHooks.run(network.moveHook, requestOf(migration, 'acquire', node.name));
}

/**
 * Takes what was made for a wake-up away from the target, by `remove`, and gives the addresses back that it may have taken:
 * it has done so only since its claim. Shut all the while: what the kernel says of a container that ends is for nobody.
 * @throws ReasonedError MoveHookFailed: before it has succeeded, the source must not have them back
 */
export async function withAddressesReturned(
  migration: ContainerMigration,
  { claimedAt, state, containerID }: Pick<TargetStatus, 'claimedAt' | 'state' | 'containerID'>,
  deps: Deps,
  remove: () => Promise<void>,
): Promise<void> {
  const { metadata, spec } = migration;
  const { network } = spec;
  // One that has failed has given them back.
  if (network === undefined || claimedAt === undefined || state === 'Failed') return remove();
  await deps.addressGate.shut(metadata.uid, network.addresses);
  await remove();
  if (containerID !== undefined) await deps.addressGate.answerNoMore(containerID, network.addresses);
  await deps.moveHooks.run(network.moveHook, requestOf(migration, 'release', deps.node.name));
  await openAddresses(migration, deps);
}

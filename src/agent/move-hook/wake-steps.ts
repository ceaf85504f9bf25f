import type { ContainerMigration, TargetStatus } from '../../api/types';
import { attachedNetworks } from '../../docker/endpoints';
import type { ContainerInfo } from '../../docker/engine';
import { allDone } from '../../runtime/all-done';
import type { Answer } from '../networks/hooked';
import { answersOf } from '../networks/hooked';
import type { AgentDeps } from '../ports';
import { requestOf } from './request';
import { openAddresses } from './source-steps';

type Deps = Pick<AgentDeps, 'moveHooks' | 'addressGate' | 'node'>;

/** As what the ports of a container answer whose connections are kept. */
function answersFor(
  { spec: { connections, network } }: ContainerMigration,
  container: ContainerInfo,
): readonly Answer[] {
  if (network === undefined || connections !== 'Keep' || container.networkMode === 'host') return [];
  const own = attachedNetworks(container).flatMap(({ addresses }) => addresses);
  return answersOf(container, own, network.addresses);
}

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
  const { network } = migration.spec;
  if (network === undefined) return;
  await addressGate.shut(migration.metadata.uid, network.addresses);
  const answers = answersFor(migration, container);
  await allDone(
    answers.length > 0 ? addressGate.answerAs(container.id, answers) : Promise.resolve(),
    moveHooks.run(network.moveHook, requestOf(migration, 'acquire', node.name)),
  );
}

/**
 * Takes what was made for a wake-up away from the target, by `remove`, and gives the addresses back that it may have taken:
 * it has done so only since its claim. Shut all the while, with the container's own where it answers as those: what the
 * kernel says of a container that ends is for nobody, least of all where the original is back to talk with its clients.
 * @throws ReasonedError MoveHookFailed: before it has succeeded, the source must not have them back
 */
export async function withAddressesReturned(
  migration: ContainerMigration,
  { claimedAt, state, containerID }: Pick<TargetStatus, 'claimedAt' | 'state' | 'containerID'>,
  deps: Deps & Pick<AgentDeps, 'engine'>,
  remove: () => Promise<void>,
): Promise<void> {
  const { metadata, spec } = migration;
  const { network } = spec;
  // One that has failed has given them back.
  if (network === undefined || claimedAt === undefined || state === 'Failed') return remove();
  const container = containerID === undefined ? undefined : await deps.engine.inspect(containerID);
  const own = container === undefined ? [] : answersFor(migration, container).map(({ address }) => address);
  await deps.addressGate.shut(metadata.uid, [...network.addresses, ...own]);
  await remove();
  if (containerID !== undefined) await deps.addressGate.answerNoMore(containerID, network.addresses);
  await deps.moveHooks.run(network.moveHook, requestOf(migration, 'release', deps.node.name));
  await openAddresses(migration, deps);
}

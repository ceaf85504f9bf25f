import type { ContainerMigration } from '../../api/types';
import { allDone } from '../../runtime/all-done';
import { ReasonedError } from '../../runtime/errors';
import type { AgentDeps, JournalEntry } from '../ports';
import { requestOf } from './request';

type Deps = Pick<AgentDeps, 'moveHooks' | 'addressGate' | 'journal' | 'node'>;

/**
 * Before the dump: whatever comes for the addresses that move is in no checkpoint, so nobody may hear that it came; and
 * nobody may be let in any more. The node keeps them until its hook is asked, so that a rollback finds all as it was.
 * Not where connections are to be closed: their peers must hear that they are.
 */
export async function shutAddresses(
  { metadata: { uid }, spec: { network, connections } }: ContainerMigration,
  { addressGate }: Pick<AgentDeps, 'addressGate'>,
): Promise<void> {
  if (network !== undefined && connections !== 'Close') await addressGate.shut(uid, network.addresses);
}

/**
 * Once the dump is good, and before the object says so: from then on the target may take the addresses. Noted before the
 * hook is asked, and before `meanwhile` begins, which writes into the journal, too.
 * @param meanwhile what else is to be done by then; the container stands still
 * @throws ReasonedError MoveHookFailed, MoveHookMissing, MoveHookUnsafe
 */
export async function givingAddressesUp<T>(
  migration: ContainerMigration,
  containerID: string,
  deps: Deps,
  meanwhile: () => Promise<T>,
): Promise<T> {
  const { network } = migration.spec;
  if (network === undefined) return meanwhile();
  const addressesGivenUp = { moveHook: network.moveHook, request: requestOf(migration, 'acquire', deps.node.name) };
  const { keptConnections } = await deps.journal.note(containerID, migration.metadata.uid, { addressesGivenUp });
  const request = requestOf(migration, 'release', deps.node.name, keptConnections);
  const [done] = await allDone(meanwhile(), deps.moveHooks.run(network.moveHook, request));
  return done;
}

/**
 * Before the original goes on here: the addresses are this node's again, unless they were never given up. The journal
 * knows; where that is lost, with a reboot, the hook is asked in any case.
 */
export async function takeAddressesBack(
  migration: ContainerMigration,
  entry: JournalEntry | undefined,
  deps: Pick<Deps, 'moveHooks' | 'node'>,
): Promise<void> {
  const { network } = migration.spec;
  if (network === undefined || (entry !== undefined && entry.addressesGivenUp === undefined)) return;
  await deps.moveHooks.run(network.moveHook, requestOf(migration, 'acquire', deps.node.name));
}

/**
 * Wakes the original up whether or not its addresses could be had back: it has others, and work to do. A hook that failed
 * is told afterwards, and asked again.
 */
export async function withAddressesBack(
  migration: ContainerMigration,
  entry: JournalEntry | undefined,
  deps: Pick<Deps, 'moveHooks' | 'addressGate' | 'node'>,
  wake: () => Promise<void>,
): Promise<void> {
  let failure: ReasonedError | undefined;
  try {
    await takeAddressesBack(migration, entry, deps);
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    failure = error;
  }
  await wake();
  await openAddresses(migration, deps);
  if (failure !== undefined) throw failure;
}

/** TCP comes and goes again, with whoever has the addresses. */
export async function openAddresses(
  { metadata: { uid }, spec: { network } }: ContainerMigration,
  { addressGate }: Pick<AgentDeps, 'addressGate'>,
): Promise<void> {
  if (network !== undefined) await addressGate.open(uid, network.addresses);
}

/**
 * When the original is dead: what its sockets have left in the node's own kernel would go on talking, and be in the way
 * of the same connections should they come back.
 */
export async function leaveAddresses(
  migration: ContainerMigration,
  containerID: string | undefined,
  { addressGate }: Pick<AgentDeps, 'addressGate'>,
): Promise<void> {
  const { network } = migration.spec;
  if (network === undefined) return;
  await addressGate.endSockets(network.addresses);
  // Of a move that once brought it here.
  if (containerID !== undefined) await addressGate.answerNoMore(containerID, network.addresses);
  await openAddresses(migration, { addressGate });
}

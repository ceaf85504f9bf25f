import type { Check, ContainerMigration, KeptConnections, SourceStatus } from '../../api/types';
import { describeConnections } from '../../driver/close-connections';
import { ReasonedError } from '../../runtime/errors';
import type { TcpConnection } from '../../driver/processes';
import type { Keeping } from '../networks/keepable';
import type { Reach } from '../networks/hooked';
import { sortReached } from '../networks/hooked';
import { mustBeSilent, reachOf } from '../networks/kept-addresses';
import type { ToBeMade } from '../networks/kept-addresses';
import { blocking } from '../node-checks';
import type { AgentDeps, JournalEntry } from '../ports';
import { peersTold } from './peers-told';

const CURE =
  'only those can be kept that end at an address which the container has on the target, too (in a macvlan or ipvlan ' +
  'network), at one that spec.network moves there, and those within the container; close them, wait until they are closed, ' +
  'give the container such a network or address, or set spec.connections: Close';

/** What `spec.connections: Keep` means for the connections that a running container has. */
export async function keepingChecks(
  { container, reach }: ToBeMade,
  found: readonly TcpConnection[],
  deps: Pick<AgentDeps, 'driver' | 'node'>,
): Promise<Check[]> {
  // Also for one that has no connection: it may have some when it is frozen.
  const checks: Check[] = mustBeSilent(reach) ? [...(await deps.driver.checkSilence(container))] : [];
  const { kept, lost } = await sort(found, reach, deps);
  if (lost.length > 0) {
    checks.push(blocking('ConnectionsNotKeepable', `container ${container.name} has ${notKeepable(lost)}`));
  }
  if (kept.length > 0) {
    checks.push({
      reason: 'ConnectionsWillBeKept',
      message:
        `container ${container.name} has ${kept.length} TCP connections that go on at the target (spec.connections: ` +
        `Keep): ${describeConnections(kept)}`,
      blocking: false,
    });
  }
  return checks;
}

/**
 * Where connections are kept, nothing more leaves the container's network, so that nobody takes for received what is in no
 * checkpoint. It may run still: what it loses is sent again.
 * @returns whether its network is silent now
 * @throws ReasonedError NetworkNotSilenced
 */
export async function silenceKept(
  { spec, status: { source } }: ContainerMigration,
  container: ToBeMade['container'],
  { driver }: Pick<AgentDeps, 'driver'>,
): Promise<boolean> {
  const isSilent = mustBeSilent(reachOf(spec, source?.needs ?? {}, container));
  if (isSilent) await driver.silence(container);
  return isSilent;
}

/**
 * Before the dump of a paused container whose connections are kept, and whose network is silent: what would be lost all
 * the same keeps it from being dumped.
 * @throws ReasonedError ConnectionsNotKeepable
 */
export async function holdConnections(
  { metadata: { uid }, spec, status: { source } }: ContainerMigration,
  container: ToBeMade['container'],
  { node, journal }: Pick<AgentDeps, 'node' | 'journal'>,
): Promise<void> {
  if (spec.connections !== 'Keep') return;
  const reach = reachOf(spec, source?.needs ?? {}, container);
  const { kept, lost } = await sort(await node.connectionsToKeep(container.pid), reach, { node });
  if (lost.length > 0)
    throw new ReasonedError('ConnectionsNotKeepable', `the frozen container has ${notKeepable(lost)}`);
  if (kept.length === 0) return;
  const keptConnections: KeptConnections = { count: kept.length, peers: peersTold(kept) };
  await journal.note(container.id, uid, { keptConnections });
}

/** What the freeze found and kept, for the status. */
export function keptIn(entry: JournalEntry | undefined): Pick<SourceStatus, 'keptConnections'> {
  return entry?.keptConnections === undefined ? {} : { keptConnections: entry.keptConnections };
}

/** The node is asked only where it has to do with them. */
async function sort(
  connections: readonly TcpConnection[],
  reach: Reach,
  { node }: Pick<AgentDeps, 'node'>,
): Promise<Keeping<TcpConnection>> {
  const concerned = connections.length > 0 && (reach.isHost || reach.answers.length > 0);
  return sortReached(connections, reach, concerned ? await node.nodeNetwork() : { addresses: [], translations: [] });
}

function notKeepable(lost: readonly TcpConnection[]): string {
  return `${lost.length} TCP connections that would break: ${describeConnections(lost)}; ${CURE}`;
}

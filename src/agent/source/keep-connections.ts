import type { Check, ContainerMigration, KeptConnections, SourceStatus } from '../../api/types';
import { describeConnections } from '../../driver/close-connections';
import { ReasonedError } from '../../runtime/errors';
import type { TcpConnection } from '../../driver/processes';
import { sortConnections } from '../networks/keepable';
import { keptAddresses } from '../networks/kept-addresses';
import type { ToBeMade } from '../networks/kept-addresses';
import { blocking } from '../node-checks';
import type { AgentDeps, JournalEntry } from '../ports';
import { peersTold } from './peers-told';

const CURE =
  'only those can be kept that end at an address which the container has on the target, too (in a macvlan or ipvlan ' +
  'network), and those within the container; close them, wait until they are closed, give the container such a network, ' +
  'or set spec.connections: Close';

/** What `spec.connections: Keep` means for the connections that a running container has. */
export async function keepingChecks(
  { container, addresses }: ToBeMade,
  found: readonly TcpConnection[],
  { driver }: Pick<AgentDeps, 'driver'>,
): Promise<Check[]> {
  // Also for one that has no connection: it may have some when it is frozen.
  const checks: Check[] = addresses.length === 0 ? [] : [...(await driver.checkSilence(container))];
  const { kept, lost } = sortConnections(found, addresses);
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
 * Before the dump of a paused container whose connections are kept: nothing more leaves its network, so that nobody takes
 * for received what is in no checkpoint; and what would be lost all the same keeps it from being dumped.
 * @throws ReasonedError ConnectionsNotKeepable, NetworkNotSilenced
 */
export async function holdConnections(
  { metadata: { uid }, spec, status: { source } }: ContainerMigration,
  container: ToBeMade['container'],
  { driver, node, journal }: Pick<AgentDeps, 'driver' | 'node' | 'journal'>,
): Promise<void> {
  if (spec.connections !== 'Keep') return;
  const addresses = keptAddresses(source?.needs ?? {});
  if (addresses.length > 0) await driver.silence(container);
  const { kept, lost } = sortConnections(await node.connectionsToKeep(container.pid), addresses);
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

function notKeepable(lost: readonly TcpConnection[]): string {
  return `${lost.length} TCP connections that would break: ${describeConnections(lost)}; ${CURE}`;
}

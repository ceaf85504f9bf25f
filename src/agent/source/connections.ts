import type { Check, ClosedConnections, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { describeConnections } from '../../driver/close-connections';
import type { ToBeMade } from '../networks/kept-addresses';
import { blocking } from '../node-checks';
import type { AgentDeps, JournalEntry } from '../ports';
import { keepingChecks } from './keep-connections';
import { peersTold } from './peers-told';

/** What the container's TCP connections mean for its migration. */
export async function connectionChecks(
  made: ToBeMade,
  { spec }: Pick<ContainerMigration, 'spec'>,
  { node, driver }: Pick<AgentDeps, 'node' | 'driver'>,
): Promise<Check[]> {
  const { container } = made;
  const checks: Check[] = [];
  if (spec.connections === 'Close') {
    // Also for one that has none: it may have some when it is frozen.
    const probe = await node.probeClosing();
    if (!probe.ok) checks.push(blocking(probe.reason, probe.message));
  }
  // Its owner gives up what nobody has accepted yet.
  const skipped = spec.criu?.includes('skip-in-flight') === true ? 'SYN-RECV' : undefined;
  const found = (await node.establishedConnections(container.pid)).filter(({ state }) => state !== skipped);
  if (spec.connections === 'Keep') return [...checks, ...(await keepingChecks(made, found, { driver, node }))];
  if (found.length === 0) return checks;
  const what = `container ${container.name} has ${found.length} TCP connections that`;
  if (spec.connections === 'Close') {
    checks.push({
      reason: 'ConnectionsWillClose',
      message: `${what} are closed when it is frozen, at both ends (spec.connections: Close): ${describeConnections(found)}`,
      blocking: false,
    });
  } else {
    checks.push(
      blocking(
        'EstablishedConnections',
        `${what} would break: ${describeConnections(found)}; close them, wait until they are closed, or set ` +
          'spec.connections: Keep, with which they go on where that is possible, or Close, with which the freeze resets them',
      ),
    );
  }
  return checks;
}

/** What rids the frozen container of its connections, as `Driver.dump` takes it; nothing when they are to be refused. */
export function closing(
  { metadata, spec }: ContainerMigration,
  container: ContainerInfo,
  { node, journal }: Pick<AgentDeps, 'node' | 'journal'>,
): { closeConnections?: () => Promise<void> } {
  if (spec.connections !== 'Close') return {};
  return {
    closeConnections: async () => {
      const closed = await node.closeConnections(container.pid);
      if (closed.length === 0) return;
      // An earlier life of the agent may have closed some in this very freeze.
      const before = (await journal.read(container.id))?.closedConnections ?? { count: 0, peers: [] };
      const peers = peersTold(closed, before.peers);
      const closedConnections: ClosedConnections = { count: before.count + closed.length, peers };
      await journal.note(container.id, metadata.uid, { closedConnections });
    },
  };
}

/** What the freeze closed, for the status. */
export function closedIn(entry: JournalEntry | undefined): Pick<SourceStatus, 'closedConnections'> {
  return entry?.closedConnections === undefined ? {} : { closedConnections: entry.closedConnections };
}

import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo, ContainerState } from '../../docker/engine';
import type { SourceView } from '../../protocol/source';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps, JournalEntry } from '../ports';
import { hasRunOn } from '../wake-up';
import { findOriginal } from './original';
import { findReplacement } from './replacement';

/**
 * What the source agent finds on its node. The volume is asked only where the answer counts: waking a frozen container
 * up must not wait for a file server.
 */
export async function observeSource(migration: ContainerMigration, deps: AgentDeps): Promise<SourceView> {
  const { source } = migration.status;
  const [container, outOfService] = await Promise.all([
    source === undefined ? undefined : findOriginal(source, deps.engine),
    deps.node.isOutOfService(),
  ]);
  const entry = source?.containerID === undefined ? undefined : await deps.journal.read(source.containerID);
  const ours = entry?.migrationUID === migration.metadata.uid ? entry : undefined;
  const original = container === undefined ? 'gone' : ORIGINAL[container.state];
  const { revoked } = migration.status.decision ?? {};
  const counts = revoked === undefined ? ours?.dumpedAt !== undefined : original === 'stopped';
  // Made only for an original that is dead: what is frozen is not kept waiting for this look.
  const mayBeReplaced = revoked !== undefined && original !== 'paused';
  return {
    original,
    outOfService,
    journal: journalOf(ours),
    checkpoint: counts && (await isPublished(migration, source, entry, deps)) ? 'published' : 'none',
    replacement: mayBeReplaced ? await replacementOf(await findReplacement(migration, deps), deps) : 'none',
  };
}

const ORIGINAL = {
  running: 'running',
  restarting: 'running',
  paused: 'paused',
  created: 'stopped',
  exited: 'stopped',
  removing: 'stopped',
  dead: 'stopped',
} as const satisfies Record<ContainerState, SourceView['original']>;

function journalOf(entry: JournalEntry | undefined): SourceView['journal'] {
  if (entry === undefined) return 'untouched';
  if (entry.dumpedAt !== undefined) return 'dumped';
  return entry.freezeStartedAt === undefined ? 'reserved' : 'frozen';
}

/**
 * Whether the manifest on the volume is that of this container's last dump, and the container has not run since. The
 * journal knows, whose times are taken back before it is woken up; and after a reboot, which the journal does not
 * survive, nothing has run since.
 */
async function isPublished(
  migration: ContainerMigration,
  source: SourceStatus | undefined,
  entry: JournalEntry | undefined,
  deps: AgentDeps,
): Promise<boolean> {
  const found = await deps.store.readManifest(checkpointOf(migration));
  if (found === undefined) return false;
  const { manifest, published } = found;
  const ours = manifest.migrationUID === migration.metadata.uid && manifest.containerID === source?.containerID;
  const reported = source?.checkpoint?.digest;
  if (!ours || (reported !== undefined && reported !== published.digest)) return false;
  return entry === undefined || entry.publishedAt !== undefined;
}

async function replacementOf(
  container: ContainerInfo | undefined,
  deps: AgentDeps,
): Promise<SourceView['replacement']> {
  if (container === undefined) return 'none';
  return (await hasRunOn(container, deps)) ? 'running' : 'created';
}

import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import { checkpointOf } from '../checkpoint-key';
import { openAddresses, withAddressesBack } from '../move-hook/source-steps';
import type { AgentDeps } from '../ports';
import { removeCreated } from '../created-container';
import { closedIn } from './connections';
import { discardCheckpoint } from './discard';
import { findReplacement } from './replacement';
import { isTransient } from '../transient';
import { removeProbesAtEnd } from '../volumes/shared';
import { findOriginal, originalOf } from './original';
import { thawForGood } from './thaw';

/** The target may not claim any more: the original runs on as if nothing had happened. Repeated until it succeeds. */
export async function wakeOriginal(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  // Before they are taken back: what was revoked in the middle of a freeze was never reported.
  const entry = await deps.journal.read(container.id);
  const { freezeStartedAt, frozenAt } = entry ?? {};
  const frozen = {
    ...(freezeStartedAt === undefined ? {} : { freezeStartedAt }),
    ...(frozenAt === undefined ? {} : { frozenAt }),
    ...closedIn(entry),
  };
  await withAddressesBack(migration, entry, deps, () => thawForGood(container, migration, status, deps));
  const now = await deps.engine.inspect(container.id);
  if (now?.state !== 'running') {
    // It died on the way: the next look finds it dead, and decides anew.
    throw new ReasonedError('OriginalNotAwake', `container ${container.name} is ${now?.state ?? 'gone'} after unpause`);
  }
  return finishRollBack(migration, { ...status, ...frozen }, deps);
}

/** Nothing was touched. Not even a container that is paused: somebody else did that. */
export function undoNothing(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  return finishRollBack(migration, status, deps);
}

/** The container runs on this node again: removes what the migration left. */
export async function finishRollBack(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  await openAddresses(migration, deps);
  const probes = await removeProbesAtEnd(migration, deps);
  const left = { ...probes, ...(await discardCheckpoint(migration, deps, () => isWorthKeeping(migration, deps))) };
  return { ...status, ...left, state: 'RolledBack' };
}

/**
 * Without a manifest there is no checkpoint. For an object that is being deleted nobody would ever remove it.
 */
async function isWorthKeeping(migration: ContainerMigration, { store }: AgentDeps): Promise<boolean> {
  const { retainCheckpoint } = migration.spec;
  if (retainCheckpoint === 'Never') return false;
  if (retainCheckpoint === 'OnFailure' && migration.metadata.deletionTimestamp !== undefined) return false;
  return (await store.readManifest(checkpointOf(migration))) !== undefined;
}

/**
 * The original died before there was a good dump of it. The restart policy is what it was:
 * where it would have started the container anew after its death, had we not switched it off, we do.
 *
 * @param why what stood in the way of a restore, when there was a checkpoint
 */
export async function reportLost(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
  why?: string,
): Promise<SourceStatus> {
  // One that was to take the original's place, which somebody has removed meanwhile.
  const replacement = await findReplacement(migration, deps);
  if (replacement?.state === 'created') await removeCreated(migration, replacement.id, deps);
  const container = await findOriginal(status, deps.engine);
  // One that died before its dump was good has them still.
  const entry = status.containerID === undefined ? undefined : await deps.journal.read(status.containerID);
  let startedAnew = false;
  await withAddressesBack(migration, entry, deps, async () => {
    startedAnew = container !== undefined && (await startAsPolicySays(container, status, deps));
  });
  await removeProbesAtEnd(migration, deps);
  // Without a manifest there is no checkpoint; with one it is the last copy, and stays.
  await discardCheckpoint(
    migration,
    deps,
    async () => (await deps.store.readManifest(checkpointOf(migration))) !== undefined,
  );
  return { ...status, state: 'RolledBack', error: sourceLost(status, container, startedAnew, why) };
}

async function startAsPolicySays(
  container: ContainerInfo,
  { restartPolicy }: SourceStatus,
  { engine, deadlines }: AgentDeps,
): Promise<boolean> {
  if (restartPolicy === undefined) return false;
  await engine.setRestartPolicy(container.id, restartPolicy);
  // `on-failure` does not start a container whose daemon has killed it.
  if (restartPolicy.name !== 'always' && restartPolicy.name !== 'unless-stopped') return false;
  try {
    await engine.start(container.id, { timeoutMs: deadlines.wakeMs });
    return true;
  } catch (error) {
    if (isTransient(error)) throw error;
    // As when Docker itself fails to start it: its policy tries again at the daemon's next start.
    return false;
  }
}

function sourceLost(
  status: SourceStatus,
  container: ContainerInfo | undefined,
  startedAnew: boolean,
  why: string | undefined,
): { reason: string; message: string } {
  const what = container === undefined ? 'was removed' : `died (exit code ${container.exitCode})`;
  const cure = startedAnew
    ? 'it was started anew, as its restart policy says, without what it had in memory'
    : 'start it again on the source, without what it had in memory';
  return {
    reason: 'SourceLost',
    message:
      `container ${status.containerName ?? ''} on ${status.nodeName} ${what} while it was being moved, and does not run ` +
      `on the target; ${cure}` +
      (status.checkpoint === undefined ? '' : `; its last state is kept in ${status.checkpoint.path} on the volume`) +
      (why === undefined ? '' : `, and could not be woken up from there: ${why}`),
  };
}

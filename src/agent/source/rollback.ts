import type { ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { discardCheckpoint } from './discard';
import { findOriginal } from './original';

/** The target may not claim any more: the original runs on as if nothing had happened. Repeated until it succeeds. */
export async function rollBackSource(
  migration: ContainerMigration,
  status: SourceStatus | undefined,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const { journal } = deps;
  const base: SourceStatus = status ?? { nodeName: deps.node.name, state: 'RolledBack' };
  const container = await findOriginal(base, deps.engine);
  // Without the reservation nothing was touched yet, and what is paused was paused by somebody else.
  const reserved = base.containerID === undefined ? undefined : await journal.read(base.containerID);
  const ours = reserved?.migrationUID === migration.metadata.uid;
  const touched = ours || base.restartPolicy !== undefined;
  const lost = touched && (container === undefined || !(await wakeUp(container, base, deps)));
  const left = await discardCheckpoint(migration, deps, () => isWorthKeeping(migration, lost, deps));
  if (ours && base.containerID !== undefined) await journal.release(base.containerID);
  return {
    ...base,
    state: 'RolledBack',
    ...left,
    ...(lost ? { error: sourceLost(base, container) } : {}),
  };
}

/**
 * Without a manifest there is no checkpoint. When the original is lost it is the last copy, and stays. For an object
 * that is being deleted nobody would ever remove it.
 */
async function isWorthKeeping(migration: ContainerMigration, lost: boolean, { store }: AgentDeps): Promise<boolean> {
  const { retainCheckpoint } = migration.spec;
  const wanted = lost || (retainCheckpoint === 'OnFailure' && migration.metadata.deletionTimestamp === undefined);
  if (!wanted) return retainCheckpoint === 'Always';
  return (await store.readManifest(checkpointOf(migration))) !== undefined;
}

/** @returns false when there is nothing left that could run */
async function wakeUp(container: ContainerInfo, status: SourceStatus, { engine, driver }: AgentDeps): Promise<boolean> {
  if (container.state === 'paused') {
    await driver.abandonDump(container);
    await engine.unpause(container.id);
  }
  if (status.restartPolicy !== undefined) await engine.setRestartPolicy(container.id, status.restartPolicy);
  const now = await engine.inspect(container.id);
  return now?.state === 'running';
}

function sourceLost(status: SourceStatus, container: ContainerInfo | undefined): { reason: string; message: string } {
  const what = container === undefined ? 'was removed' : `is ${container.state} (exit code ${container.exitCode})`;
  return {
    reason: 'SourceLost',
    message:
      `container ${status.containerName ?? ''} on ${status.nodeName} ${what} while it was being moved, and does not run ` +
      'on the target; start it again on the source' +
      (status.checkpoint === undefined ? '' : `, its last state is kept in ${status.checkpoint.path} on the volume`),
  };
}

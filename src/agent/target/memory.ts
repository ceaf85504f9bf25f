import type { ActorError, ContainerMigration, Spec, TargetStatus } from '../../api/types';
import type { Driver, DriverEngineInfo, Finding } from '../../driver/driver';
import { describeError, ReasonedError, reasonOf } from '../../runtime/errors';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps } from '../ports';
import { keepDirectories } from '../volumes/directory-target';

/** From how much memory on `Auto` is lazy: below it the gain is smaller than what a page server costs (docs/adr/0012). */
export const AUTO_LAZY_BYTES = 256 * 1024 * 1024;

const UNSUPPORTED: readonly string[] = ['LazyPagesUnsupported', 'LazyPagesNotByDriver'];

/** Whether this node can bring memory in by a driver while the container runs, as far as that is asked for. */
export async function memoryFindings(
  spec: Pick<Spec, 'memory'>,
  engine: DriverEngineInfo,
  driver: Pick<Driver, 'checkLazy'>,
): Promise<readonly Finding[]> {
  if (spec.memory === 'Eager') return [];
  const found = await driver.checkLazy(engine);
  // With Auto it is as with any container then.
  return found.map((finding) => ({ ...finding, blocking: finding.blocking && spec.memory === 'Lazy' }));
}

/** Whether the container runs before its memory is here: as its owner wished, and the preflight found. */
export function isLazy({ spec }: ContainerMigration, { checks = [] }: TargetStatus, pageBytes: number): boolean {
  switch (spec.memory) {
    case 'Eager':
      return false;
    case 'Lazy':
      return true;
    case 'Auto':
      return pageBytes >= AUTO_LAZY_BYTES && !checks.some(({ reason }) => UNSUPPORTED.includes(reason));
  }
}

/**
 * The last page is in: compares them all with the manifest, as it was not done before the claim. Until then the container
 * does not restart by itself, and nothing is removed that it may need. A difference is a loss.
 */
export async function completeMemory(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const { checkpoint } = migration.status.source ?? {};
  if (checkpoint === undefined) throw new ReasonedError('CheckpointMissing', 'the source reports no checkpoint');
  try {
    await deps.store.verifyPages(checkpointOf(migration), checkpoint.digest);
  } catch (error) {
    const reason = reasonOf(error, '');
    if (reason !== 'CheckpointCorrupt' && reason !== 'CheckpointMissing') throw error;
    const message = `the memory that it got is not what the manifest says, and it was ended: ${describeError(error)}`;
    return endContainer(migration, status, { reason: 'MemoryCorrupt', message }, deps);
  }
  return { ...status, lazyPages: 'Done', memoryCompleteAt: new Date(deps.clock.now()).toISOString() };
}

/** The rest of the memory will not come: what the container would read instead is zeros. */
export async function loseMemory(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const memory = status.containerID === undefined ? undefined : await deps.driver.memory(status.containerID);
  const why = memory?.state === 'lost' ? memory.why : 'it is gone';
  const message = `CRIU's page server did not bring all of its memory in (${why})`;
  return endContainer(migration, status, { reason: 'PageServerLost', message }, deps);
}

/** Nothing of it runs from here on, and nothing starts it again; what it has written stays. */
async function endContainer(
  migration: ContainerMigration,
  status: TargetStatus,
  error: ActorError,
  deps: AgentDeps,
): Promise<TargetStatus> {
  const { engine, driver } = deps;
  const { containerID } = status;
  if (containerID !== undefined) {
    const container = await engine.inspect(containerID);
    if (container !== undefined && container.pid !== 0) await engine.kill(containerID);
    await driver.forget(containerID, migration.metadata.uid);
  }
  await keepDirectories(migration, deps);
  return { ...status, state: 'Settled', lazyPages: 'Lost', error };
}

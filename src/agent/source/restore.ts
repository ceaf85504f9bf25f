import type { Checkpoint, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { describeError, ReasonedError } from '../../runtime/errors';
import { checkpointOf } from '../checkpoint-key';
import { removeCreated } from '../created-container';
import type { AgentDeps } from '../ports';
import { isTransient } from '../transient';
import { hasRunOn, isBegunAnew, wakeUp } from '../wake-up';
import { describeCheckpoint, publish } from './freeze';
import { findOriginal, originalOf } from './original';
import { keepOwnLog } from './own-log';
import { createReplacement, findReplacement } from './replacement';
import { finishRollBack, reportLost } from './roll-back';

/**
 * The original died frozen, with its Docker daemon or its node, and nobody may claim its checkpoint any more: a new
 * container is woken up from it on this very node, and takes the original's place and name. Repeated until it succeeds,
 * or until it is certain that it cannot.
 */
export async function restoreOriginal(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const awake = await awakened(migration, deps);
  // It has left the checkpoint behind, which may be gone from the volume by now.
  if (awake !== undefined && isInPlace(awake, status)) return finish(migration, awake, status, deps);
  let told = status;
  let replacement: ContainerInfo;
  try {
    if (awake !== undefined) {
      // An earlier life started it. Nothing is armed for one that has run; whether it woke up is known, or looked at.
      await wakeUp(migration, awake, status.checkpoint?.digest ?? '', deps);
      return await finish(migration, awake, status, deps);
    }
    told = { ...status, checkpoint: status.checkpoint ?? (await publishDump(migration, status, deps)) };
    replacement = await wakeReplacement(migration, told, deps);
  } catch (error) {
    // One that runs on although something else went wrong is not woken up a second time: it is kept at the next look.
    if (!isBegunAnew(error) && (await awakened(migration, deps)) !== undefined) throw error;
    // A start that failed leaves a container that cannot be started again.
    await removeCreated(migration, undefined, deps);
    if (isTransient(error)) throw error;
    return reportLost(migration, told, deps, describeError(error));
  }
  return finish(migration, replacement, told, deps);
}

async function awakened(migration: ContainerMigration, deps: AgentDeps): Promise<ContainerInfo | undefined> {
  const replacement = await findReplacement(migration, deps);
  return replacement !== undefined && (await hasRunOn(replacement, deps)) ? replacement : undefined;
}

/** It got the original's name when it was certain that it had woken up; only then its marker goes. */
function isInPlace({ name }: ContainerInfo, { containerName }: SourceStatus): boolean {
  return containerName === undefined || name === containerName;
}

async function finish(
  migration: ContainerMigration,
  replacement: ContainerInfo,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  await takePlace(replacement, status, deps);
  await deps.driver.forget(replacement.id, migration.metadata.uid);
  return finishRollBack(migration, { ...status, restoredContainerID: replacement.id }, deps);
}

/** The daemon died between the dump and the manifest, or between the manifest and the report. */
async function publishDump(migration: ContainerMigration, status: SourceStatus, deps: AgentDeps): Promise<Checkpoint> {
  const found = await deps.store.readManifest(checkpointOf(migration));
  const published = found?.published ?? (await publish(migration, await originalOf(status, deps.engine), deps));
  return describeCheckpoint(published, deps);
}

async function wakeReplacement(
  migration: ContainerMigration,
  { checkpoint, ...status }: SourceStatus,
  deps: AgentDeps,
): Promise<ContainerInfo> {
  const container = (await findReplacement(migration, deps)) ?? (await createReplacement(migration, status, deps));
  if (container === undefined || checkpoint === undefined) {
    throw new ReasonedError('ReplacementLost', 'the container that was to be woken up in the original’s place is gone');
  }
  await deps.store.verify(checkpointOf(migration), checkpoint.digest);
  await wakeUp(migration, container, checkpoint.digest, deps, { fillVolumes: keepOwnLog });
  return container;
}

async function takePlace(
  replacement: ContainerInfo,
  status: SourceStatus,
  deps: Pick<AgentDeps, 'engine'>,
): Promise<void> {
  const { engine } = deps;
  const original = await findOriginal(status, engine);
  if (original !== undefined) await engine.remove(original.id, { force: true });
  if (status.containerName !== undefined && replacement.name !== status.containerName) {
    await engine.rename(replacement.id, status.containerName);
  }
  if (status.restartPolicy !== undefined) await engine.setRestartPolicy(replacement.id, status.restartPolicy);
}

import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError, reasonOf } from '../../runtime/errors';
import { sleptThrough } from '../../runtime/deadline';
import type { WakeState, Woken } from '../driver';
import { killRestore } from '../runc/kill-restore';
import { moveState, readWakeState } from '../runc/marker';
import { markerPaths } from '../runc/paths';
import type { StartOutcome } from '../runc/wake';
import { describeWakeUp, explainFailure } from '../runc/wake';
import { hasCode } from '../system-error';
import type { DockerDriverOptions } from './options';
import { CHECKPOINT_NAME } from './options';

/** How long after the end of the restore Docker's start is awaited: it cleans up what it had prepared. */
const START_GRACE_MS = 10_000;
/** What Docker says of a container that it has never started. */
const NEVER = '0001-01-01T00:00:00Z';

/** Has Docker restore an armed container, and finds out what came of it. */
export async function wakeContainer(
  containerID: string,
  timeoutMs: number,
  options: DockerDriverOptions,
): Promise<Woken> {
  const { runDir } = options;
  const before = await readWakeState(runDir, containerID);
  if (before === 'none') {
    throw new ReasonedError('NotArmed', `container ${containerID} was not armed: its start would not be a restore`);
  }
  let start: StartOutcome = { error: undefined, timedOut: false };
  // Whoever takes this state away from it restores: an earlier life of the agent may have, and is not repeated.
  if (await moveState(runDir, containerID, 'armed', 'restoring')) {
    start = await startWithDeadline(containerID, timeoutMs, options);
    if (start.error === undefined) await settleStarted(containerID, options);
  }
  if ((await readWakeState(runDir, containerID)) === 'restoring') {
    const timedOut = await settleEarlier(containerID, timeoutMs, options);
    start = { ...start, timedOut: start.timedOut || timedOut };
  }
  const state = await readWakeState(runDir, containerID);
  if (state === 'resumed') return describeWakeUp(containerID, options);
  // Of one that an earlier life began nobody has heard the end.
  throw await explainFailure(containerID, before === 'restoring' ? before : state, start, timeoutMs, options);
}

/** Where a wake-up stands, of which an earlier life of the agent may have begun a restore and not heard its end. */
export async function wakeStateOf(containerID: string, options: DockerDriverOptions): Promise<WakeState> {
  const state = await readWakeState(options.runDir, containerID);
  return state === 'restoring' ? settle(containerID, options) : state;
}

async function startWithDeadline(
  containerID: string,
  timeoutMs: number,
  { checkpoints, clock, ...options }: DockerDriverOptions,
): Promise<StartOutcome> {
  const done = new AbortController();
  const request = { name: CHECKPOINT_NAME, timeoutMs: timeoutMs + START_GRACE_MS };
  const start = checkpoints.start(containerID, request).then(
    () => undefined,
    (error: unknown) => error,
  );
  const deadline = sleptThrough(clock, timeoutMs, done.signal);
  const timedOut = await Promise.race([start.then(() => false), deadline]);
  done.abort();
  // Without its CRIU the restore fails, and with it the start that waits for it.
  if (timedOut) await killRestore(containerID, { ...options, clock });
  return { error: await start, timedOut };
}

/** Somebody may have disarmed it while it was started: then it may not run. */
async function settleStarted(containerID: string, options: DockerDriverOptions): Promise<void> {
  if (await moveToResumed(containerID, options)) return;
  await options.engine.kill(containerID);
}

/** By the time of that state the wake-up is dated; a rename alone would leave that of the arming. */
async function moveToResumed(containerID: string, { runDir, clock }: DockerDriverOptions): Promise<boolean> {
  // As a number of seconds a millisecond may fall short of itself, and would be read as the one before.
  const now = (clock.now() + 0.5) / 1000;
  try {
    await utimes(join(markerPaths(runDir, containerID).directory, 'restoring'), now, now);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  return moveState(runDir, containerID, 'restoring', 'resumed');
}

/**
 * Docker holds the container until its start has ended, so that it can be asked about only then.
 * @returns true when it had to be ended
 */
async function settleEarlier(containerID: string, timeoutMs: number, options: DockerDriverOptions): Promise<boolean> {
  const giveUpAt = options.clock.monotonic() + timeoutMs;
  for (;;) {
    try {
      await settle(containerID, options);
      return false;
    } catch (error) {
      if (reasonOf(error, '') !== 'EngineTimedOut') throw error;
      if (options.clock.monotonic() < giveUpAt) continue;
    }
    await killRestore(containerID, options);
    return true;
  }
}

/** What became of a restore, by what the container is; one that runs has done so at the latest since now. */
async function settle(containerID: string, options: DockerDriverOptions): Promise<WakeState> {
  const { engine, runDir } = options;
  if (hasRun(await engine.inspect(containerID))) await moveToResumed(containerID, options);
  else await moveState(runDir, containerID, 'restoring', 'failed');
  return readWakeState(runDir, containerID);
}

/** Also one that has ended since. */
const hasRun = (container: ContainerInfo | undefined): boolean =>
  container !== undefined && (container.pid !== 0 || container.startedAt !== NEVER);

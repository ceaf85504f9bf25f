import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explainCriuLog } from '../../criu/log';
import { readLogEnd } from '../../criu/log-file';
import { parseRestoreStats } from '../../criu/stats';
import type { Clock } from '../../runtime/clock';
import { sleptThrough, withDeadline } from '../../runtime/deadline';
import { describeError, ReasonedError } from '../../runtime/errors';
import { readAtMost, withRegularFile } from '../../store/regular-file';
import type { WakeState, Woken } from '../driver';
import { readWakeState, readWrapperPid } from './marker';
import type { RuncDriverOptions } from './options';
import { markerPaths } from './paths';
import { killRestore } from './kill-restore';
import { hasDeadCriu, isWrapper } from './runc-processes';
import { tellWakeParts } from './wake-parts';

/** How long after the end of the restore Docker's start is awaited: it cleans up what it had prepared. */
const START_GRACE_MS = 10_000;
/** How often is looked whether a restore has lost its CRIU. */
const ORPHAN_LOOK_MS = 1_000;
/** CRIU's statistics are some hundred bytes. */
const MAX_STATS_BYTES = 4096;

/** How long is waited for figures and logs on the volume: a hung one must not hide that the container runs. */
const READ_MS = 5_000;

/** Has Docker start an armed container, and finds out what came of it. */
export async function wakeContainer(
  containerID: string,
  timeoutMs: number,
  options: RuncDriverOptions,
): Promise<Woken> {
  const before = await readWakeState(options.runDir, containerID);
  if (before === 'none') {
    throw new ReasonedError('NotArmed', `container ${containerID} was not armed: its start would not be a restore`);
  }
  // A start that is under way already, of an earlier life of the agent, is waited for by this one.
  const start =
    before === 'resumed' || before === 'failed'
      ? { error: undefined, timedOut: false }
      : await startWithDeadline(containerID, timeoutMs, options);
  const state = await readWakeState(options.runDir, containerID);
  if (state === 'resumed') return describeWakeUp(containerID, options);
  throw await explainFailure(containerID, state, start, timeoutMs, options);
}

/** How Docker's start ended. */
export interface StartOutcome {
  readonly error: unknown;
  readonly timedOut: boolean;
}

async function startWithDeadline(
  containerID: string,
  timeoutMs: number,
  options: RuncDriverOptions,
): Promise<StartOutcome> {
  const done = new AbortController();
  const start = options.engine.start(containerID, { timeoutMs: timeoutMs + START_GRACE_MS }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const deadline = sleptThrough(options.clock, timeoutMs, done.signal).then((over) => (over ? undefined : never()));
  const orphaned = untilOrphaned(containerID, options, done.signal);
  const outcome = await Promise.race([start.then(() => 'ended'), deadline.then(() => 'timedOut'), orphaned]);
  done.abort();
  // Without its CRIU the restore fails, and with it the start that waits for it.
  if (outcome !== 'ended') await killRestore(containerID, options);
  return { error: await start, timedOut: outcome === 'timedOut' };
}

/**
 * Resolves when the restore has lost its CRIU and would wait for the deadline in vain. Seen twice in a row: at the end of
 * every restore there is a moment at which CRIU is gone already.
 */
async function untilOrphaned(
  containerID: string,
  { runDir, clock }: RuncDriverOptions,
  done: AbortSignal,
): Promise<'orphaned'> {
  for (let seen = 0; seen < 2;) {
    if (!(await sleptThrough(clock, ORPHAN_LOOK_MS, done))) return never();
    const wrapper = await readWrapperPid(runDir, containerID).catch(() => undefined);
    seen = wrapper !== undefined && isWrapper(wrapper, containerID) && hasDeadCriu(wrapper) ? seen + 1 : 0;
  }
  return 'orphaned';
}

const never = (): Promise<never> => new Promise(() => undefined);

/** From the volume: what is no file is not read, nor waited for. */
function readStats(path: string): Promise<Buffer> {
  return withRegularFile(path, (file) => readAtMost(file, MAX_STATS_BYTES));
}

/** What is to be told of a container that has resumed. */
export async function describeWakeUp(
  containerID: string,
  { runDir, clock }: Pick<RuncDriverOptions, 'runDir' | 'clock'>,
): Promise<Woken> {
  const marker = markerPaths(runDir, containerID);
  const { mtimeNs } = await stat(join(marker.directory, 'resumed'), { bigint: true });
  const stats = await ifReadable(clock, () => readStats(join(marker.work, 'stats-restore')), Buffer.alloc(0));
  const restoreMs = parseRestoreStats(stats)?.restoreMs;
  await tellWakeParts(runDir, containerID, restoreMs);
  return { resumedAt: formatMicroseconds(mtimeNs / 1000n), restoreMs };
}

/** What a wake-up died of, as far as its state, CRIU's log and Docker tell. */
export async function explainFailure(
  containerID: string,
  state: WakeState,
  start: StartOutcome,
  timeoutMs: number,
  { runDir, clock }: Pick<RuncDriverOptions, 'runDir' | 'clock'>,
): Promise<ReasonedError> {
  const { work } = markerPaths(runDir, containerID);
  const docker = start.error === undefined ? '' : describeError(start.error);
  const readLog = (name: string): Promise<string> => ifReadable(clock, () => readLogEnd(join(work, name)), '');
  const log = [await readLog('restore.log'), await readLog('runc.log')].join('\n');
  const { reason, message, tail } = explainCriuLog(log, 'restore');
  const details = {
    ...(start.error === undefined ? {} : { cause: start.error }),
    ...(tail === '' ? {} : { logTail: tail }),
  };
  if (start.timedOut) {
    return new ReasonedError(
      'WakeTimedOut',
      `the container did not wake up within ${timeoutMs} ms and was stopped`,
      details,
    );
  }
  switch (state) {
    case 'failed':
      // Docker names what its own part of the start failed of; CRIU's log is the better witness of CRIU's.
      return new ReasonedError(reason, message, details);
    case 'restoring':
      return new ReasonedError(
        'RestoreInterrupted',
        'the restore was interrupted: it was killed, or the node restarted',
        details,
      );
    case 'restored':
      return new ReasonedError('StartFailed', 'the container was restored, but Docker could not start it', details);
    case 'none':
    case 'armed':
    case 'resumed':
      return docker === ''
        ? new ReasonedError(
            'NotARestore',
            'Docker started the container without its wrapper: it did not wake up but began anew',
            details,
          )
        : new ReasonedError('StartFailed', 'Docker could not start the container', details);
  }
}

async function ifReadable<T>(clock: Clock, read: () => Promise<T>, otherwise: T): Promise<T> {
  return withDeadline({ clock, ms: READ_MS, what: 'the shared volume' }, read).catch(() => otherwise);
}

/** Microseconds since the epoch as RFC 3339. */
function formatMicroseconds(microseconds: bigint): string {
  const seconds = new Date(Number(microseconds / 1_000_000n) * 1000)
    .toISOString()
    .slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
  return `${seconds}.${String(microseconds % 1_000_000n).padStart(6, '0')}Z`;
}

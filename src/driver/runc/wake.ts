import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explainCriuLog } from '../../criu/log';
import { readLogEnd } from '../../criu/log-file';
import { parseRestoreStats } from '../../criu/stats';
import type { Clock } from '../../runtime/clock';
import { withDeadline } from '../../runtime/deadline';
import { describeError, ReasonedError } from '../../runtime/errors';
import { readAtMost, withRegularFile } from '../../store/regular-file';
import type { WakeState, Woken } from '../driver';
import { readWakeState } from './marker';
import type { RuncDriverOptions } from './options';
import { markerPaths } from './paths';
import { killRestore } from './kill-restore';

/** How long after the end of the restore Docker's start is awaited: it cleans up what it had prepared. */
const START_GRACE_MS = 10_000;
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

interface StartOutcome {
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
  const deadline = options.clock.sleep(timeoutMs, done.signal).then(
    () => true,
    () => false,
  );
  const timedOut = await Promise.race([start.then(() => false), deadline]);
  done.abort();
  // Without its CRIU the restore fails, and with it the start that waits for it.
  if (timedOut) await killRestore(containerID, options);
  return { error: await start, timedOut };
}

/** From the volume: what is no file is not read, nor waited for. */
function readStats(path: string): Promise<Buffer> {
  return withRegularFile(path, (file) => readAtMost(file, MAX_STATS_BYTES));
}

async function describeWakeUp(containerID: string, { runDir, clock }: RuncDriverOptions): Promise<Woken> {
  const marker = markerPaths(runDir, containerID);
  const { mtimeNs } = await stat(join(marker.directory, 'resumed'), { bigint: true });
  const stats = await ifReadable(clock, () => readStats(join(marker.work, 'stats-restore')), Buffer.alloc(0));
  return { resumedAt: formatMicroseconds(mtimeNs / 1000n), restoreMs: parseRestoreStats(stats)?.restoreMs };
}

async function explainFailure(
  containerID: string,
  state: WakeState,
  start: StartOutcome,
  timeoutMs: number,
  { runDir, clock }: RuncDriverOptions,
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

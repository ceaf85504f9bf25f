import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { ReasonedError, reasonOf } from '../runtime/errors';

/** How long a few accesses to the shared volume may take. */
export const VOLUME_TIMEOUT_MS = 120_000;

/**
 * File calls have no deadline of their own, and a file server that stops answering must not hold a migration up, least
 * of all while its container is paused. Work that was given up goes on when the server answers again: where it would
 * still change something, it looks at the signal first.
 *
 * @throws ReasonedError VolumeHung
 */
export async function onVolume<T>(clock: Clock, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withDeadline({ clock, ms, what: 'work on the shared volume' }, work);
  } catch (error) {
    if (reasonOf(error, '') !== 'DeadlineExceeded') throw error;
    const message = `the shared volume did not answer within ${ms / 1000} s; look at the file server`;
    throw new ReasonedError('VolumeHung', message, { cause: error });
  }
}

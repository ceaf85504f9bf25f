import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { ReasonedError, reasonOf } from '../runtime/errors';

/** How long a few accesses to the shared volume may take. */
export const VOLUME_TIMEOUT_MS = 120_000;

/**
 * The one way to the shared volume. File calls have no deadline of their own, and a file server that stops answering
 * must not hold a migration up, least of all while its container is paused.
 *
 * Work that was given up goes on when the server answers again: where it would still change something, it looks at the
 * signal first. Until it has ended nothing new is begun, which it could disturb; and it holds threads of the few that
 * serve all file calls of this process.
 */
export class VolumeAccess {
  readonly #clock: Clock;
  readonly #givenUp = new Set<Promise<unknown>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Does something with the volume.
   * @param signal ends the work early, with the signal's reason
   * @throws ReasonedError VolumeHung
   */
  async within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await withDeadline({ clock: this.#clock, ms, what: 'work on the shared volume', signal }, (limit) =>
        this.#whenFree(limit, work),
      );
    } catch (error) {
      if (reasonOf(error, '') !== 'DeadlineExceeded') throw error;
      const message = `the shared volume did not answer within ${ms / 1000} s; look at the file server`;
      throw new ReasonedError('VolumeHung', message, { cause: error });
    }
  }

  async #whenFree<T>(limit: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    while (this.#givenUp.size > 0) await Promise.allSettled(this.#givenUp);
    limit.throwIfAborted();
    const running = work(limit);
    const giveUp = (): void => {
      this.#givenUp.add(running);
    };
    limit.addEventListener('abort', giveUp, { once: true });
    try {
      return await running;
    } finally {
      limit.removeEventListener('abort', giveUp);
      this.#givenUp.delete(running);
    }
  }
}

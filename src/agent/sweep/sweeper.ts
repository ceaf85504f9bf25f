import { isAborted, linkAbort, sleptThrough, untilAborted } from '../../runtime/deadline';
import type { Clock } from '../../runtime/clock';
import type { Logger } from '../../runtime/log';

const EVERY_MS = 300_000;
/** After a sweep that could not look everywhere or settle everything. */
const AGAIN_MS = 15_000;

/** Sweeps when the agent begins, from time to time, and when it is asked to. */
export class Sweeper {
  readonly #sweep: () => Promise<boolean>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #cutShort = (): void => undefined;

  /** @param sweep one sweep; false or an error asks for another one soon */
  constructor(sweep: () => Promise<boolean>, clock: Clock, log: Logger) {
    this.#sweep = sweep;
    this.#clock = clock;
    this.#log = log;
  }

  /** Has it sweep now, or once more when it is at it. */
  soon(): void {
    this.#cutShort();
  }

  /** Returns when the signal is aborted; a sweep that is under way is not waited for. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!isAborted(signal)) {
      // From here on: a request during the sweep makes the pause after it end at once.
      const pause = linkAbort(signal);
      this.#cutShort = () => {
        pause.abort();
      };
      const done = await this.#once(signal);
      await sleptThrough(this.#clock, done ? EVERY_MS : AGAIN_MS, pause.signal);
      pause.release();
    }
  }

  async #once(signal: AbortSignal): Promise<boolean> {
    try {
      return await untilAborted(this.#sweep(), signal);
    } catch (error) {
      if (!isAborted(signal)) this.#log.warn('could not sweep, will try again', { error });
      return false;
    }
  }
}

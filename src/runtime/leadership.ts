import type { Clock } from './clock';
import { ReasonedError } from './errors';

/** One term of a leader: from the moment it got the lease until others may lead. */
export interface Leadership {
  /**
   * Aborted when leadership is not assured any more, but not for a mere stop: while it stops, a leader may still write
   * down what it has done. Whatever is sent in the leader's name carries it.
   */
  readonly lost: AbortSignal;
  /**
   * Whether no other candidate can lead at this very moment. Asks the clock: in a process that was paused, the timer
   * that aborts `lost` is late. Once false, false for ever: a later lease begins another term.
   */
  isAssured(): boolean;
}

/** The term as the elector keeps it. */
export class Term implements Leadership {
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  #assuredUntilMs: number;

  /** `assuredUntilMs` is a reading of the monotonic clock. */
  constructor(clock: Clock, assuredUntilMs: number) {
    this.#clock = clock;
    this.#assuredUntilMs = assuredUntilMs;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isAssured(): boolean {
    return this.remainingMs() > 0;
  }

  /** For how long others keep off, if nothing renews it; 0 when it is over. */
  remainingMs(): number {
    if (this.#lost.signal.aborted) return 0;
    const remainingMs = this.#assuredUntilMs - this.#clock.monotonic();
    if (remainingMs > 0) return remainingMs;
    this.end();
    return 0;
  }

  /** A renewal came through. One that comes too late changes nothing. */
  extendTo(assuredUntilMs: number): void {
    if (this.isAssured()) this.#assuredUntilMs = assuredUntilMs;
  }

  end(): void {
    this.#lost.abort(notLeading());
  }
}

/** @throws ReasonedError `NotLeading` when leadership is not assured at this moment */
export function assertLeading(leadership: Leadership): void {
  if (!leadership.isAssured()) throw notLeading();
}

/** What a write ends with that a deposed leader was about to do. */
export function notLeading(cause?: unknown): ReasonedError {
  const message = 'this replica does not lead any more and writes nothing; the one that leads now goes on';
  return new ReasonedError('NotLeading', message, { cause });
}

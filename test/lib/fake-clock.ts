import type { Clock } from '../../src/runtime/clock';
import { abortReason } from '../../src/runtime/clock';

interface PendingSleep {
  dueAtMs: number;
  wake: () => void;
}

/** A clock that stands still until the test advances it. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  readonly #startMs: number;
  readonly #sleeps = new Set<PendingSleep>();

  /** `startMs` is the wall clock at the beginning: the default has a readable ISO time. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        this.#sleeps.delete(sleep);
        reject(abortReason(signal));
      };
      const sleep = {
        dueAtMs: this.#elapsedMs + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleeps.add(sleep);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** How many callers sleep: 0 at the end of a test shows that nothing was left behind. */
  get pendingSleeps(): number {
    return this.#sleeps.size;
  }

  /** Lets `ms` pass: wakes every sleeper in its turn, and lets each do what it does before the next wakes. */
  async advance(ms: number): Promise<void> {
    await settle();
    const targetMs = this.#elapsedMs + ms;
    for (let next = this.#nextDue(targetMs); next !== undefined; next = this.#nextDue(targetMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueAtMs);
      this.#sleeps.delete(next);
      next.wake();
      await settle();
    }
    this.#elapsedMs = targetMs;
  }

  /** A view of the same time through a wall clock that is wrong by `offsetMs`. */
  withWallOffset(offsetMs: number): Clock {
    return {
      now: () => this.now() + offsetMs,
      monotonic: () => this.monotonic(),
      sleep: (ms, signal) => this.sleep(ms, signal),
    };
  }

  #nextDue(limitMs: number): PendingSleep | undefined {
    let earliest: PendingSleep | undefined;
    for (const sleep of this.#sleeps) {
      if (sleep.dueAtMs <= limitMs && (earliest === undefined || sleep.dueAtMs < earliest.dueAtMs)) earliest = sleep;
    }
    return earliest;
  }
}

/** Lets everything that is ready to run do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

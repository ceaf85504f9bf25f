import type { ActorError, Retry } from '../api/types';
import { backoffMs } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';

/** What a status says of tries that failed. */
interface Tried {
  readonly error?: ActorError;
  readonly retry?: Retry;
  readonly progress?: unknown;
}

/** How long a step that failed waits: doubles from `baseMs`, never above `maxMs`. */
export interface RetryPace {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** While the container runs: there is time. */
export const PATIENT: RetryPace = { baseMs: 2_000, maxMs: 30_000 };
/** While it stands still. */
export const URGENT: RetryPace = { baseMs: 400, maxMs: 3_000 };

const TRIES: readonly string[] = ['error', 'retry', 'progress'] satisfies (keyof Tried)[];

/** The status without what earlier tries of a step left in it. */
export function withoutTries<T extends Tried>(status: T): T {
  return Object.fromEntries(Object.entries(status).filter(([field]) => !TRIES.includes(field))) as T;
}

/** One more failure of a step, and when it is tried again. */
export function nextRetry(before: Retry | undefined, pace: RetryPace, clock: Clock, random = Math.random): Retry {
  const failures = (before?.failures ?? 0) + 1;
  const waitMs = backoffMs(failures - 1, { ...pace, random });
  return { failures, notBefore: new Date(clock.now() + waitMs).toISOString() };
}

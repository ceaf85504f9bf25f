/** How long to wait before trying again: doubles with every attempt, with jitter, never above `maxMs`. */
export interface BackoffOptions {
  /** The wait after the first failure, before jitter. */
  baseMs: number;
  /** The longest wait. */
  maxMs: number;
  /** Uniform in [0, 1), as Math.random. */
  random: () => number;
}

/**
 * The wait in milliseconds before attempt number `attempt` + 1; `attempt` counts from 0.
 * Half of it is fixed and half is random ("equal jitter"): those who failed together do not return together, and
 * nobody returns at once.
 */
export function backoffMs(attempt: number, { baseMs, maxMs, random }: BackoffOptions): number {
  // 2 ** attempt is Infinity for large attempts, which the minimum takes care of.
  const ceiling = Math.min(maxMs, baseMs * 2 ** attempt);
  return ceiling / 2 + (random() * ceiling) / 2;
}

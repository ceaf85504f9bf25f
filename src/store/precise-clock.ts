/** The node's wall clock, finer than Date.now(). */
export interface PreciseClock {
  /** Microseconds since the epoch. */
  now(): number;
  /** `now()` is right within plus or minus this. */
  readonly errorMicroseconds: number;
}

/** What an anchor is made of; only a test has others. */
export interface Ticks {
  /** Whole milliseconds since the epoch. */
  wallMs(): number;
  /** Nanoseconds of a clock that never jumps. */
  monotonicNs(): bigint;
}

const systemTicks: Ticks = { wallMs: () => Date.now(), monotonicNs: () => process.hrtime.bigint() };

/** An anchor this good is taken at once; the best of several when the machine is busy. */
const GOOD_ENOUGH_NS = 20_000n;
const MAX_ATTEMPTS = 8;

/**
 * Node.js tells the wall clock in whole milliseconds only, and `performance.timeOrigin` does not follow when the clock
 * is corrected after the start of the process. So the moment is caught at which the millisecond changes, and the
 * monotonic clock counts from there. Takes a few milliseconds of pure waiting; use it for a measurement, then forget it.
 */
export function createPreciseClock(ticks: Ticks = systemTicks): PreciseClock {
  let best = catchChange(ticks);
  for (let attempt = 1; attempt < MAX_ATTEMPTS && best.widthNs > GOOD_ENOUGH_NS; attempt++) {
    const next = catchChange(ticks);
    if (next.widthNs < best.widthNs) best = next;
  }
  const { wallMs, beforeNs, widthNs } = best;
  const anchorNs = beforeNs + widthNs / 2n;
  return {
    now: () => wallMs * 1000 + Number(ticks.monotonicNs() - anchorNs) / 1000,
    errorMicroseconds: Number(widthNs) / 2000 + 1,
  };
}

/**
 * A millisecond, and two looks at the monotonic clock between which it began: before the last look at the wall clock
 * that did not see it yet, and after the first that did.
 */
function catchChange(ticks: Ticks): { wallMs: number; beforeNs: bigint; widthNs: bigint } {
  let beforeNs = ticks.monotonicNs();
  const start = ticks.wallMs();
  for (;;) {
    const betweenNs = ticks.monotonicNs();
    const now = ticks.wallMs();
    if (now !== start) return { wallMs: now, beforeNs, widthNs: ticks.monotonicNs() - beforeNs };
    beforeNs = betweenNs;
  }
}

/** One reading of one figure. */
export interface Point {
  readonly atSeconds: number;
  readonly value: number;
}

/** How much a figure may rise between the first and the last third of what is judged: the greater of the two. */
export interface Tolerance {
  readonly absolute: number;
  /** Of the median of the first third. */
  readonly relative: number;
}

export interface Trend {
  readonly firstMedian: number;
  readonly lastMedian: number;
  readonly slopePerHour: number;
  readonly grew: boolean;
}

/** Caches fill and the compiler works in the first quarter of a process' life, but not for longer than this. */
const WARM_UP_SECONDS = 120;
/** Fewer readings tell nothing. */
const LEAST_POINTS = 12;
/** Garbage is left lying for up to a minute. */
const LEAST_MEMORY_SECONDS = 180;
const FLOORS = 6;

/**
 * Whether a figure of one process rose: both the straight line through the readings and the medians of the first and
 * last third say that it did, by more than the tolerance. One alone is not enough: a step in the middle of a saw tooth
 * moves a median, a single high reading at the end tilts a line. Undefined when there are too few readings.
 */
export function trendOf(points: readonly Point[], tolerance: Tolerance): Trend | undefined {
  const judged = afterWarmUp(points);
  return judged.length < LEAST_POINTS ? undefined : trendThrough(judged, tolerance);
}

/**
 * The same for memory, whose readings are a saw tooth: garbage is no leak, so the lowest reading of each sixth stands
 * for it. Undefined when the garbage collector had too little time.
 */
export function memoryTrendOf(points: readonly Point[], tolerance: Tolerance): Trend | undefined {
  const judged = afterWarmUp(points);
  return secondsOf(judged) < LEAST_MEMORY_SECONDS ? undefined : trendThrough(floorsOf(judged), tolerance);
}

function trendThrough(points: readonly Point[], tolerance: Tolerance): Trend {
  const third = Math.floor(points.length / 3);
  const firstMedian = medianOf(points.slice(0, third));
  const lastMedian = medianOf(points.slice(-third));
  const slope = slopeOf(points);
  const allowed = Math.max(tolerance.absolute, tolerance.relative * firstMedian);
  return {
    firstMedian,
    lastMedian,
    slopePerHour: slope * 3_600,
    grew: slope * secondsOf(points) > allowed && lastMedian - firstMedian > allowed,
  };
}

function floorsOf(points: readonly Point[]): Point[] {
  const from = points[0]?.atSeconds ?? 0;
  const width = secondsOf(points) / FLOORS;
  return Array.from({ length: FLOORS }, (_none, index) =>
    points.filter(({ atSeconds }) => Math.min(FLOORS - 1, Math.floor((atSeconds - from) / width)) === index),
  ).flatMap((part) => part.toSorted((a, b) => a.value - b.value).slice(0, 1));
}

const secondsOf = (points: readonly Point[]): number => (points.at(-1)?.atSeconds ?? 0) - (points[0]?.atSeconds ?? 0);

function afterWarmUp(points: readonly Point[]): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const from = first.atSeconds + Math.min(WARM_UP_SECONDS, (last.atSeconds - first.atSeconds) / 4);
  return points.filter(({ atSeconds }) => atSeconds >= from);
}

/** Of an even number the lower of the two in the middle. */
function medianOf(points: readonly Point[]): number {
  const sorted = points.map(({ value }) => value).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** Least squares, per second. */
function slopeOf(points: readonly Point[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanAt = mean(points.map(({ atSeconds }) => atSeconds));
  const meanValue = mean(points.map(({ value }) => value));
  let covariance = 0;
  let variance = 0;
  for (const { atSeconds, value } of points) {
    covariance += (atSeconds - meanAt) * (value - meanValue);
    variance += (atSeconds - meanAt) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}

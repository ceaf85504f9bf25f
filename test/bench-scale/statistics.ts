/** One measured pair. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The straight line through points by least squares, and how much of their spread it explains (1: all of it). */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  readonly rSquared: number;
}

/** How long something took, over many times; milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Nearest rank: the smallest value that at least this share (0 to 1) of all values does not exceed. NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The figures of a report; all NaN but the count when nothing was measured. */
export function latencyOf(values: readonly number[]): Latency {
  return {
    count: values.length,
    p50Ms: percentile(values, 0.5),
    p99Ms: percentile(values, 0.99),
    maxMs: percentile(values, 1),
  };
}

/** Through points that all lie on one level it is that level, and explains everything. NaN for fewer than two points. */
export function fitLine(points: readonly Point[]): Line {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const sum = (term: (point: Point) => number): number => points.reduce((total, point) => total + term(point), 0);
  const spreadX = sum(({ x }) => (x - meanX) ** 2);
  const spreadY = sum(({ y }) => (y - meanY) ** 2);
  const slope = sum(({ x, y }) => (x - meanX) * (y - meanY)) / spreadX;
  const intercept = meanY - slope * meanX;
  const left = sum(({ x, y }) => (y - intercept - slope * x) ** 2);
  return { slope, intercept, rSquared: spreadY === 0 ? 1 : 1 - left / spreadY };
}

/** What is said of the samples of one case and one way. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
  readonly min: number;
  readonly max: number;
}

/** Undefined without a value. The percentiles are interpolated between neighbours, as most programs do (type 7 of R). */
export function summarize(values: readonly number[]): Summary | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  return { n: sorted.length, median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), min, max };
}

/** Of values in rising order, at least one. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

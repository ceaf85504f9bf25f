const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `512B`, `1.4MiB`, `12GiB`: at most two significant digits behind a unit of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)}${UNITS[unit] ?? ''}`;
}

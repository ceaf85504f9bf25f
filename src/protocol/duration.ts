/** `12ms`, `1.204s`, `2m3.5s`: how Kubernetes writes durations, to the millisecond. Negative becomes 0ms. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole % 60_000) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as `500ms`, `2s`, `1m30s`; what is none of that counts as nothing. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, number = '0', unit = '']) => sum + Number(number) * (UNITS_MS[unit] ?? 0), 0);
}

/** Milliseconds since the epoch of an RFC 3339 time, with the microseconds that Date.parse would drop. */
export function preciseMs(time: string): number {
  const micros = /\.\d{3}(\d{1,3})/.exec(time)?.[1] ?? '';
  return Date.parse(time) + Number(micros.padEnd(3, '0')) / 1000;
}

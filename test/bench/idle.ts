import { readFileSync } from 'node:fs';
import { sleep } from '../lib/waiting';

/** How long it is watched, ms. The page says 5 s. */
const WATCHED_MS = 5_000;

/** What the CPUs have done since the machine began, in ticks, all of them together. */
export interface CpuTimes {
  /** Nothing, or waited for a disk. */
  readonly idle: number;
  /** With what the hypervisor gave to others meanwhile: a CPU that was stolen was not idle. */
  readonly total: number;
}

/** Reads /proc/stat; what os.cpus() tells lacks the time that was stolen. */
export function cpuTimesIn(stat: string): CpuTimes {
  const words = /^cpu +(.+)$/m.exec(stat)?.[1]?.split(' ') ?? [];
  // Time of guests, behind these eight, is in `user` and `nice` already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = words.map(Number);
  return { idle: idle + iowait, total: user + nice + system + idle + iowait + irq + softirq + steal };
}

/** Share of the CPUs' time in which they were idle, 0 to 1, to the percent. Undefined when no time went by. */
export function idleBetween(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  if (total <= 0) return undefined;
  return Math.round((100 * (after.idle - before.idle)) / total) / 100;
}

/** How idle the machine is while nobody but the lab itself does anything for the benchmark. */
export async function watchIdle(): Promise<number | undefined> {
  const read = (): CpuTimes => cpuTimesIn(readFileSync('/proc/stat', 'utf8'));
  const before = read();
  await sleep(WATCHED_MS);
  return idleBetween(before, read());
}

import type { Check, ClockReading, Needs, SourceEstimate } from '../../api/types';
import { formatDuration } from '../../protocol/duration';
import { formatBytes } from '../../runtime/format-bytes';
import { blocking } from '../node-checks';
import type { NodeFacts } from './facts';

/** A wall clock that jumps by more shows in logs and certificates; nodes that keep time by NTP are within a tenth. */
const MAX_SKEW_MS = 1_000;

/** Whether the target has the memory that the container needs. */
export function memoryChecks(
  name: string,
  { memoryLimitBytes = 0 }: Needs,
  estimate: Pick<SourceEstimate, 'memoryBytes'> | undefined,
  { totalBytes, availableBytes }: NodeFacts['memory'],
): Check[] {
  const checks: Check[] = [];
  const memoryBytes = estimate?.memoryBytes ?? 0;
  if (memoryBytes > availableBytes) {
    checks.push(
      blocking(
        'MemoryTooSmall',
        `the container has ${formatBytes(memoryBytes)} in memory, and ${name} has ${formatBytes(availableBytes)} available; ` +
          'free memory there, or name another target',
      ),
    );
  }
  if (memoryLimitBytes > totalBytes) {
    checks.push({
      reason: 'MemoryLimitTooLarge',
      message: `the container may use ${formatBytes(memoryLimitBytes)}, more than the ${formatBytes(totalBytes)} that ${name} has in all; it may be killed there before it reaches its limit`,
      blocking: false,
    });
  }
  return checks;
}

/** Devices that the container was given and that the target does not have. */
export function deviceChecks(name: string, missing: readonly string[]): Check[] {
  if (missing.length === 0) return [];
  return [
    blocking(
      'DeviceMissing',
      `the container was given devices that ${name} does not have: ${missing.join(', ')}; provide them there, or name another target`,
    ),
  ];
}

/** Whether the clocks of the two nodes differ by more than a program would bear. */
export function clockChecks(
  source: { readonly nodeName: string; readonly clock: ClockReading },
  target: { readonly name: string; readonly clock: ClockReading },
): Check[] {
  const apartMs = (target.clock.offsetMicroseconds - source.clock.offsetMicroseconds) / 1000;
  const errorMs = (target.clock.errorMicroseconds + source.clock.errorMicroseconds) / 1000;
  if (Math.abs(apartMs) - errorMs <= MAX_SKEW_MS) return [];
  const message =
    `the clock of ${target.name} is ${formatDuration(Math.abs(apartMs))} ${apartMs > 0 ? 'ahead of' : 'behind'} that of ${source.nodeName}: ` +
    'for the container the time jumps by so much; let both nodes keep time (NTP)';
  return [{ reason: 'ClocksDiffer', message, blocking: false }];
}

import type { ClockReading, Downtime, MigrationRequest, Phase, Timings } from '../api/types';
import { isRestored } from './claim';
import { formatDuration, preciseMs } from './duration';

/** The time on the volume's clock, in ms, of something that an agent saw on its own clock. */
function onVolumeClock(time: string | undefined, clock: ClockReading | undefined): number | undefined {
  return time === undefined || clock === undefined ? undefined : preciseMs(time) - clock.offsetMicroseconds / 1000;
}

function between(from: number | undefined, to: number | undefined): string | undefined {
  // Less than nothing is no measurement: the clocks disagree by more than was thought.
  return from === undefined || to === undefined || to < from ? undefined : formatDuration(to - from);
}

const local = (time: string | undefined): number | undefined => (time === undefined ? undefined : preciseMs(time));

/** The wake-up is dated by a file's time stamp, up to a kernel tick old; the rest is noted in whole milliseconds. */
const STAMP_ERROR_MS = 5;

/** Drops what is not known: a field that is there was measured. */
function known<T extends object>(fields: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/**
 * The two downtimes of docs/protocol.md, each from one node's clock to the other's, both brought to the volume's
 * clock; undefined until the container runs on the target.
 */
export function downtimeOf({ status: { source, target } }: Pick<MigrationRequest, 'status'>): Downtime | undefined {
  if (!isRestored(target) || source === undefined) return undefined;
  const bound =
    source.clock && target.clock
      ? formatDuration(
          Math.ceil((source.clock.errorMicroseconds + target.clock.errorMicroseconds) / 1000) + STAMP_ERROR_MS,
        )
      : undefined;
  return known<Downtime>({
    frozen: between(onVolumeClock(source.freezeStartedAt, source.clock), onVolumeClock(target.resumedAt, target.clock)),
    outage: between(onVolumeClock(source.lastRanAt, source.clock), onVolumeClock(target.startedAt, target.clock)),
    clockErrorBound: bound,
  });
}

/** How long each part took, as far as it is known by now. */
export function timingsOf({ status }: Pick<MigrationRequest, 'status'>, finishedAt: string | undefined): Timings {
  const { source, target } = status;
  const began = (phase: Phase): number | undefined =>
    local(status.phaseTransitions?.find((entry) => entry.phase === phase)?.at);
  return known<Timings>({
    preflight: between(began('Preflight'), began('Preparing')),
    prepare: between(began('Preparing'), began('Freezing')),
    freeze: between(local(source?.freezeStartedAt), local(source?.frozenAt)),
    dump: between(local(source?.frozenAt), local(source?.dumpedAt)),
    publish: between(local(source?.dumpedAt), local(source?.publishedAt)),
    handover: between(onVolumeClock(source?.publishedAt, source?.clock), onVolumeClock(target?.seenAt, target?.clock)),
    verify: between(local(target?.seenAt), local(target?.verifiedAt)),
    claim: between(local(target?.claimedAt), local(target?.wakeStartedAt)),
    restore: between(local(target?.wakeStartedAt), local(target?.resumedAt)),
    total: between(local(status.startedAt), local(finishedAt)),
  });
}

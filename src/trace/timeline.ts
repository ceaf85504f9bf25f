import type { Trace, TraceRole } from './format';

/** One call, in the time of the whole. */
export interface TimelineCall {
  readonly role: TraceRole;
  readonly name: string;
  /** Since the beginning of the window; below 0 for what had begun before. */
  readonly startMs: number;
  readonly durationMs: number;
  /** How many calls it was made within. */
  readonly depth: number;
  readonly failed: boolean;
}

/** A moment that the object's status names. */
export interface Moment {
  readonly role: TraceRole;
  readonly name: string;
  readonly atMs: number;
}

/** What both agents did between the pause on the source and the wake-up on the target. */
export interface Timeline {
  readonly namespace: string;
  readonly migration: string;
  readonly uid: string;
  readonly nodes: Readonly<Partial<Record<TraceRole, string>>>;
  /** From just before the pause until the last process has been continued; of what is known, when one of them is not. */
  readonly windowMs: number;
  /** Whether both ends of the window are known. */
  readonly complete: boolean;
  /** By how much the two nodes' clocks may be wrong together; undefined when they were not compared. */
  readonly clockErrorMs: number | undefined;
  readonly moments: readonly Moment[];
  /** In the order in which they began, each followed by those that it made. */
  readonly calls: readonly TimelineCall[];
  readonly dropped: number;
}

/**
 * The parts of one migration's trace as one timeline, on the volume's clock.
 * @param traces of one object; of two of one role, the later attempt counts
 */
export function timelineOf(traces: readonly Trace[]): Timeline | undefined {
  const parts = (['source', 'target'] as const).flatMap((role) => {
    const ofRole = traces.filter((trace) => trace.role === role);
    return ofRole.sort((one, other) => other.attempt - one.attempt).slice(0, 1);
  });
  const [first] = parts;
  if (first === undefined) return undefined;
  const momentAt = (role: TraceRole, name: string): number | undefined => {
    const part = parts.find((trace) => trace.role === role);
    const at = part?.moments[name];
    return part === undefined || at === undefined ? undefined : onVolume(part, microseconds(at));
  };
  const calls = parts.flatMap((part) => part.calls.map((call) => onVolume(part, call.startMicroseconds)));
  const from = momentAt('source', 'freezeStartedAt');
  const to = momentAt('target', 'resumedAt');
  const origin = from ?? Math.min(...calls);
  const ends = parts.flatMap((part) =>
    part.calls.map((call) => onVolume(part, call.startMicroseconds + call.durationMicroseconds)),
  );
  const end = to ?? Math.max(origin, ...ends);
  const clocks = parts.map(({ clock }) => clock?.errorMicroseconds);
  return {
    namespace: first.namespace,
    migration: first.migration,
    uid: first.uid,
    nodes: Object.fromEntries(parts.map(({ role, node }) => [role, node])),
    windowMs: Math.max(0, end - origin) / 1000,
    complete: from !== undefined && to !== undefined,
    clockErrorMs: clocks.includes(undefined)
      ? undefined
      : clocks.reduce((sum: number, one) => sum + (one ?? 0), 0) / 1000,
    moments: parts
      .flatMap((part) =>
        Object.entries(part.moments).map(([name, at]) => ({
          role: part.role,
          name,
          atMs: (onVolume(part, microseconds(at)) - origin) / 1000,
        })),
      )
      .filter(({ atMs }) => Number.isFinite(atMs))
      .sort((one, other) => one.atMs - other.atMs),
    calls: parts
      .flatMap((part) => callsOf(part, origin))
      .sort(byOrder)
      .map(({ call }) => call)
      .filter(({ startMs, durationMs }) => startMs + durationMs >= 0 && startMs <= (end - origin) / 1000),
    dropped: parts.reduce((sum, { dropped }) => sum + dropped, 0),
  };
}

/** A call, and where it stands: the beginnings of all that it was made within, and its own. */
interface Placed {
  readonly call: TimelineCall;
  readonly order: readonly (readonly [startMs: number, index: number])[];
}

function callsOf(part: Trace, originMicroseconds: number): Placed[] {
  const placed: Placed[] = [];
  for (const [index, { name, startMicroseconds, durationMicroseconds, within, failed }] of part.calls.entries()) {
    const outer = within === undefined ? undefined : placed[within];
    const startMs = (onVolume(part, startMicroseconds) - originMicroseconds) / 1000;
    const depth = outer === undefined ? 0 : outer.call.depth + 1;
    placed.push({
      call: { role: part.role, name, startMs, durationMs: durationMicroseconds / 1000, depth, failed: failed === true },
      order: [...(outer?.order ?? []), [startMs, index]],
    });
  }
  return placed;
}

function byOrder({ order: one }: Placed, { order: other }: Placed): number {
  for (const [level, [startMs, index]] of one.entries()) {
    const [otherMs, otherIndex] = other[level] ?? [];
    if (otherMs === undefined || otherIndex === undefined) return 1;
    if (startMs !== otherMs) return startMs - otherMs;
    if (index !== otherIndex) return index - otherIndex;
  }
  return one.length - other.length;
}

function onVolume({ clock }: Trace, nodeMicroseconds: number): number {
  return nodeMicroseconds - (clock?.offsetMicroseconds ?? 0);
}

/** Of an RFC 3339 time, which may have more digits than Date.parse takes. */
function microseconds(time: string): number {
  const digits = /\.\d{3}(\d{1,3})/.exec(time)?.[1] ?? '';
  return Date.parse(time) * 1000 + Number(digits.padEnd(3, '0'));
}

/** What the workload prints, and what it says of a move. Pure. */

/** All times in milliseconds since the epoch. */
export interface Ticks {
  /** The moment at which the process was born, which is its name; undefined before it was ready. */
  readonly born?: string;
  readonly counts: readonly { readonly atMs: number; readonly count: number }[];
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number; readonly count: number }[];
  /** When the last count was, of one that was told to end. */
  readonly endedAtMs?: number;
}

const ms = (microseconds: string | undefined): number => Number(microseconds) / 1000;

/** Reads the lines of workload.py; others are passed over. Docker's header of eight bytes may stand before a line. */
export function readTicks(text: string): Ticks {
  const lines = [...text.matchAll(/(ready|at|gap|end)((?: \d+)+)\s*$/gm)];
  const of = (kind: string): string[][] =>
    lines.filter(([, word]) => word === kind).map(([, , numbers = '']) => numbers.trim().split(' '));
  const born = of('ready').at(-1)?.[0];
  const ended = of('end').at(-1)?.[0];
  return {
    ...(born === undefined ? {} : { born }),
    counts: of('at').map(([at, count]) => ({ atMs: ms(at), count: Number(count) })),
    gaps: of('gap').map(([from, to, count]) => ({ fromMs: ms(from), toMs: ms(to), count: Number(count) })),
    ...(ended === undefined ? {} : { endedAtMs: ms(ended) }),
  };
}

/** What was read of one container before a move and after it. */
export interface Observation {
  /** The source's log, up to the container's end there. */
  readonly before: Ticks;
  /** The target's log, with or without what the source wrote. */
  readonly after: Ticks;
  /** When the move began, ms since the epoch. */
  readonly movedAtMs: number;
}

/** The highest count in a log. */
const reached = ({ counts }: Ticks): number => Math.max(0, ...counts.map(({ count }) => count));

/** The longest time without a count, in ms. Throws when it was not the very same process that went on. */
export function gapOfSame({ before, after, movedAtMs }: Observation): number {
  if (after.born !== undefined && after.born !== before.born) throw new Error('the program was begun anew');
  const gaps = after.gaps.filter(({ toMs }) => toMs >= movedAtMs);
  const longest = gaps.toSorted((one, other) => other.toMs - other.fromMs - (one.toMs - one.fromMs))[0];
  if (longest === undefined) throw new Error('the program noticed no gap: it was not moved');
  // A fresh start would count from 1 again.
  if (longest.count <= reached(before) || reached(after) <= longest.count) {
    throw new Error(
      `it does not count on: ${reached(before)} before the move, ${longest.count} in the gap, ${reached(after)} after it`,
    );
  }
  return longest.toMs - longest.fromMs;
}

/** From the last count of the old process to the first of the new one, in ms. */
export function gapOfFresh({ before, after }: Observation): number {
  const first = after.counts[0];
  if (before.endedAtMs === undefined) throw new Error('the old process did not say when it ended');
  if (first === undefined) throw new Error('the new process does not count');
  if (after.born === before.born) throw new Error('it was not begun anew');
  return first.atMs - before.endedAtMs;
}

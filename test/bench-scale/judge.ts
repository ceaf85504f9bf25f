import type { GrowthPoint, Measured } from './figures';
import type { Latency, Line } from './statistics';
import { fitLine } from './statistics';

/** One rule, what was found, and whether it holds. */
export interface Judgement {
  readonly rule: string;
  readonly found: string;
  readonly holds: boolean;
}

/** Least share of the memory's spread that the straight line must explain. */
const LEAST_R_SQUARED = 0.9;
/** How much steeper the line's last part may be than the whole: of what grows quadratically it is 1.7 times as steep. */
const MOST_STEEPENING = 1.4;
const MOST_HEAP_PER_OBJECT_BYTES = 16 * 1024;
/** Above the idle CPU of the fewest objects, in CPU seconds per minute: 2 % of a core. */
const MOST_IDLE_RISE_SECONDS = 1.2;
/** Not the time itself: that is the machine's, too. */
const MOST_START_CPU_PER_OBJECT_MS = 3;
const MOST_P99_MS = 2_000;
const MOST_WRITES = 20;

const KIBIBYTE = 1024;

/** Memory in use against the number of objects. */
export function memoryLine(growth: readonly GrowthPoint[], of: 'heapBytes' | 'residentBytes'): Line {
  return fitLine(growth.map(({ objects, idle }) => ({ x: objects, y: idle[of] })));
}

/** Every rule, as docs/benchmarks/scale.md lists them. */
export function judge({ growth, loads }: Measured): Judgement[] {
  return [...judgeMemory(growth), ...judgeIdle(growth), ...judgeStart(growth), ...judgeLoad(loads)];
}

function judgeMemory(growth: readonly GrowthPoint[]): Judgement[] {
  const whole = memoryLine(growth, 'heapBytes');
  const last = memoryLine(growth.slice(-2), 'heapBytes');
  const steepening = last.slope / whole.slope;
  const perObject = whole.slope / KIBIBYTE;
  return [
    {
      rule: `memory is linear: the straight line through the heap in use explains at least ${LEAST_R_SQUARED} of its spread (R²)`,
      found: whole.rSquared.toFixed(3),
      holds: whole.rSquared >= LEAST_R_SQUARED,
    },
    {
      rule: `memory does not grow faster the more there is: its last part is at most ${MOST_STEEPENING} times as steep as the whole line`,
      found: `${steepening.toFixed(2)} times`,
      holds: steepening <= MOST_STEEPENING,
    },
    {
      rule: `an object costs at most ${MOST_HEAP_PER_OBJECT_BYTES / KIBIBYTE} KiB of heap`,
      found: `${perObject.toFixed(1)} KiB`,
      holds: whole.slope <= MOST_HEAP_PER_OBJECT_BYTES,
    },
  ];
}

function judgeIdle(growth: readonly GrowthPoint[]): Judgement[] {
  const [first, last] = [growth[0], growth.at(-1)];
  if (first === undefined || last === undefined) return [];
  const rise = last.idle.cpuSecondsPerMinute - first.idle.cpuSecondsPerMinute;
  return [
    {
      rule: `idle CPU is flat: with ${last.objects} objects at most ${MOST_IDLE_RISE_SECONDS} CPU seconds a minute more than with ${first.objects}`,
      found: `${first.idle.cpuSecondsPerMinute.toFixed(2)} → ${last.idle.cpuSecondsPerMinute.toFixed(2)}`,
      holds: rise <= MOST_IDLE_RISE_SECONDS,
    },
  ];
}

function judgeStart(growth: readonly GrowthPoint[]): Judgement[] {
  const [first, last] = [growth[0], growth.at(-1)];
  if (first === undefined || last === undefined) return [];
  const cpuMs = (last.caughtUpCpuSeconds - first.caughtUpCpuSeconds) * 1_000;
  const perObject = cpuMs / (last.objects - first.objects);
  return [
    {
      rule: `to catch up after the start takes at most ${MOST_START_CPU_PER_OBJECT_MS} ms of CPU for each object`,
      found: `${perObject.toFixed(2)} ms`,
      holds: perObject <= MOST_START_CPU_PER_OBJECT_MS,
    },
  ];
}

function judgeLoad(loads: Measured['loads']): Judgement[] {
  const late = loads.flatMap(({ kind, offeredPerSecond, firstWrite, reply }) => {
    const of = (what: string, { p99Ms }: Latency): Judgement => ({
      rule: `${kind}, ${offeredPerSecond} new objects a second: 99 % of ${what} come within ${MOST_P99_MS / 1000} s`,
      found: `${p99Ms.toFixed(0)} ms`,
      holds: p99Ms <= MOST_P99_MS,
    });
    // Nobody is replied to where nobody reports.
    return kind === 'admission'
      ? [of('first writes', firstWrite)]
      : [of('first writes', firstWrite), of('replies', reply)];
  });
  const lost = loads.reduce((sum, { created, done }) => sum + created - done, 0);
  const migrations = loads.find(({ kind }) => kind === 'migration');
  const { controller, agents } = migrations?.writesPerMigration ?? { controller: Number.NaN, agents: Number.NaN };
  return [
    ...late,
    { rule: 'every object of the load comes as far as it should', found: `${lost} did not`, holds: lost === 0 },
    {
      rule: `a migration takes at most ${MOST_WRITES} writes to the API server, on average of all`,
      found: (controller + agents).toFixed(1),
      holds: controller + agents <= MOST_WRITES,
    },
  ];
}

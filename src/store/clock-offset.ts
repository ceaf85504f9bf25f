import { randomBytes } from 'node:crypto';
import { mkdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { ReasonedError } from '../runtime/errors';
import { ensureDirectory } from './files';
import { nodePath } from './layout';
import type { PreciseClock } from './precise-clock';
import { createPreciseClock } from './precise-clock';
import { volumeError } from './volume-errors';

/** How the node's clock stands against the clock of the volume's file server. */
export interface ClockOffset {
  /** Node's clock minus volume's clock. */
  readonly offsetMicroseconds: number;
  /** The offset is right within plus or minus this. */
  readonly errorMicroseconds: number;
}

/** One comparison, all in microseconds since the epoch: the stamp was given between the two looks at the clock. */
export interface ClockSample {
  readonly before: number;
  readonly stamp: number;
  readonly after: number;
}

/** Over 20 ms in all, so that the samples meet a kernel's tick at different points. */
const SAMPLES = 16;
const PAUSE_MS = 1;
const DEADLINE_MS = 10_000;
/**
 * A kernel stamps files with the time of its last tick, so up to this much too early: 10 ms at 100 Hz. Measured on an
 * ext4 of Linux 6.18 at 250 Hz, on a busy virtual machine: most stamps are exact, but some 4.2 ms too early, more than
 * a tick: ticks come late. So the slowest usual tick is taken, whatever the server's may be.
 */
const TICK_MICROSECONDS = 10_000;

/**
 * Compares the node's clock with the volume's by directories that it makes there: the file server stamps them. Making
 * a directory is one request, and no NFS client may answer it, or stamp it, in the server's stead.
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function measureClockOffset(
  root: string,
  node: string,
  options: { readonly clock?: Clock; readonly preciseClock?: PreciseClock } = {},
): Promise<ClockOffset> {
  const { clock = systemClock, preciseClock = createPreciseClock() } = options;
  try {
    const work = takeSamples(root, node, clock, preciseClock);
    const samples = await withDeadline({ clock, ms: DEADLINE_MS, what: 'the file server' }, () => work);
    return offsetOf(samples, preciseClock.errorMicroseconds);
  } catch (error) {
    if (!(error instanceof ReasonedError) || error.reason !== 'DeadlineExceeded') throw volumeError(root, error);
    throw new ReasonedError('VolumeHung', `the clock of the shared volume (${root}) could not be read in time`, {
      cause: error,
    });
  }
}

/**
 * The offset that all samples allow. Each says: the stamp is at most one tick older than some moment between the two
 * looks. When the samples contradict that, the tick is longer than believed, by so much.
 */
export function offsetOf(samples: readonly ClockSample[], clockErrorMicroseconds: number): ClockOffset {
  const highest = Math.min(...samples.map(({ after, stamp }) => after - stamp));
  const oldest = Math.max(...samples.map(({ before, stamp }) => before - stamp));
  const tick = Math.max(TICK_MICROSECONDS, oldest - highest);
  const lowest = oldest - tick;
  return {
    offsetMicroseconds: Math.round((lowest + highest) / 2),
    errorMicroseconds: Math.ceil((highest - lowest) / 2 + clockErrorMicroseconds),
  };
}

async function takeSamples(root: string, node: string, clock: Clock, precise: PreciseClock): Promise<ClockSample[]> {
  const directory = nodePath(root, 'clock', node);
  await ensureDirectory(root, directory);
  const samples: ClockSample[] = [];
  while (samples.length < SAMPLES) {
    // Two migrations of the node may measure at once.
    const path = join(directory, randomBytes(6).toString('hex'));
    const before = precise.now();
    await mkdir(path, { mode: 0o700 });
    const after = precise.now();
    const { mtimeNs } = await stat(path, { bigint: true });
    await rmdir(path);
    samples.push({ before, stamp: Number(mtimeNs / 1000n), after });
    await clock.sleep(PAUSE_MS);
  }
  return samples;
}

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import { ensureDirectory } from './files';
import { nodePath } from './layout';
import { volumeError } from './volume-errors';

/** How fast a node and the shared volume are with each other, and how much room is left there. */
export interface VolumeSpeed {
  readonly freeBytes: number;
  readonly writeBytesPerSecond: number;
  readonly readBytesPerSecond: number;
}

/** Enough to tell 10 MB/s from 1 GB/s, too little to be in anybody's way. */
const CHUNK_BYTES = 1024 * 1024;
const CHUNKS = 8;
/** Nothing more is written after this: a slow volume shows that it is slow with less. */
const ENOUGH_MS = 2_000;
const READ_TIMEOUT_MS = 8_000;
const DEADLINE_MS = 20_000;
/** So long a figure is good: the volume's load changes, but many moves in a row need not measure it each time. */
const FRESH_MS = 5 * 60_000;
/** No time at all was measured: a clock is coarse. */
const SHORTEST_MS = 0.1;

/**
 * Makes a measurement of the volume at `root`: a few MiB are really written, with fsync, and read past the page cache.
 * Its figures are kept for some minutes; the room that is left is looked at each time. One at a time: what was given up
 * goes on when the file server answers again.
 * @throws ReasonedError with a VolumeFault as reason
 */
export function createVolumeSpeed(options: {
  readonly root: string;
  readonly node: string;
  readonly clock: Clock;
  /** Runs programs on the node. */
  readonly commands: CommandRunner;
}): () => Promise<VolumeSpeed> {
  const { root, clock } = options;
  let known: { readonly atMs: number; readonly speed: Speed } | undefined;
  let running: Promise<Speed> | undefined;
  const speed = async (): Promise<Speed> => {
    if (known !== undefined && clock.monotonic() - known.atMs < FRESH_MS) return known.speed;
    running ??= measure(options).finally(() => (running = undefined));
    const measured = await running;
    known = { atMs: clock.monotonic(), speed: measured };
    return measured;
  };
  return async () => {
    const work = Promise.all([speed(), statfs(root)]);
    try {
      const [measured, { bavail, bsize }] = await withDeadline(
        { clock, ms: DEADLINE_MS, what: 'the file server' },
        () => work,
      );
      return { ...measured, freeBytes: bavail * bsize };
    } catch (error) {
      if (!(error instanceof ReasonedError) || error.reason !== 'DeadlineExceeded') throw volumeError(root, error);
      const message = `the speed of the shared volume (${root}) could not be measured within ${DEADLINE_MS / 1000} s; look at the file server`;
      throw new ReasonedError('VolumeHung', message, { cause: error });
    }
  };
}

type Speed = Omit<VolumeSpeed, 'freeBytes'>;

async function measure({ root, node, clock, commands }: Parameters<typeof createVolumeSpeed>[0]): Promise<Speed> {
  const path = nodePath(root, 'speed', node);
  await ensureDirectory(root, dirname(path));
  // Left behind by an agent that was killed in the middle, or put there by somebody else.
  await rm(path, { force: true, recursive: true });
  try {
    const { bytes, ms } = await writeSome(path, clock);
    const writeBytesPerSecond = perSecond(bytes, ms);
    const readMs = await readBack(path, commands);
    const readBytesPerSecond = readMs === undefined ? writeBytesPerSecond : perSecond(bytes, readMs);
    return { writeBytesPerSecond, readBytesPerSecond };
  } finally {
    await rm(path, { force: true });
  }
}

/** Random bytes: a file server may make little of zeros. */
async function writeSome(path: string, clock: Clock): Promise<{ bytes: number; ms: number }> {
  const chunk = randomBytes(CHUNK_BYTES);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    const began = clock.monotonic();
    let bytes = 0;
    while (bytes < CHUNKS * CHUNK_BYTES && clock.monotonic() - began < ENOUGH_MS) {
      await file.writeFile(chunk);
      bytes += chunk.length;
    }
    await file.sync();
    return { bytes, ms: clock.monotonic() - began };
  } finally {
    await file.close();
  }
}

/**
 * How long reading takes, in ms, as a node does it that has not written the file: past the page cache, which Node.js
 * cannot do. Where the filesystem does not know that, with it. Undefined when dd does not do it at all.
 */
async function readBack(path: string, commands: CommandRunner): Promise<number | undefined> {
  for (const flags of [['iflag=direct'], []]) {
    const args = ['LC_ALL=C', 'dd', `if=${path}`, 'of=/dev/null', 'bs=1M', ...flags];
    try {
      const { exitCode, stderr } = await commands.run('env', args, { timeoutMs: READ_TIMEOUT_MS });
      const seconds = /copied, ([0-9.e-]+) s/.exec(stderr)?.[1];
      if (exitCode === 0 && seconds !== undefined) return Number(seconds) * 1000;
    } catch (error) {
      // So slow that nobody waits for the end: at least as long.
      if (reasonOf(error, '') === 'CommandTimedOut') return READ_TIMEOUT_MS;
      if (!(error instanceof ReasonedError)) throw error;
    }
  }
  return undefined;
}

const perSecond = (bytes: number, ms: number): number => Math.round((bytes * 1000) / Math.max(ms, SHORTEST_MS));

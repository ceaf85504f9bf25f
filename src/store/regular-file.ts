import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open } from 'node:fs/promises';
import { ReasonedError } from '../runtime/errors';
import { codeOf } from './volume-errors';

/**
 * Runs `use` on a file that is opened for reading, and closes it. Never waits for a FIFO, and opens no device: merely
 * opening one can have an effect (a watchdog begins to count). `use` is told what was found when it was opened.
 * @throws ReasonedError `NotARegularFile` for a symlink, a device, a directory…
 */
export async function withRegularFile<T>(
  path: string,
  use: (file: FileHandle, stats: Stats) => Promise<T>,
): Promise<T> {
  if (!(await lstat(path)).isFile()) throw notRegular();
  // Another may lie there by now: without O_NONBLOCK the open of a FIFO would wait for somebody to write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(notALink);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notRegular();
    return await use(file, stats);
  } finally {
    await file.close();
  }
}

/**
 * As withRegularFile, for a file of a checkpoint: it has no other name by which somebody could change it later.
 * @throws ReasonedError `NotARegularFile`
 */
export async function withOwnFile<T>(path: string, use: (file: FileHandle, stats: Stats) => Promise<T>): Promise<T> {
  return withRegularFile(path, async (file, stats) => {
    if (stats.nlink > 1) throw new ReasonedError('NotARegularFile', 'is a hard link: the file has another name');
    return use(file, stats);
  });
}

/** The beginning of an open file, at most so many bytes, however large the file is or grows meanwhile. */
export async function readAtMost(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const { size } = await file.stat();
  // One byte more than expected tells a file that has grown from one that has not.
  const buffer = Buffer.alloc(Math.min(maxBytes, size + 1));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function notALink(error: unknown): never {
  if (codeOf(error) === 'ELOOP') throw notRegular(error);
  throw error;
}

function notRegular(cause?: unknown): ReasonedError {
  return new ReasonedError('NotARegularFile', 'is not a regular file', { cause });
}

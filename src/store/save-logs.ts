import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { ReasonedError, describeError } from '../runtime/errors';
import { makeEmptyDirectory, removeDirectory } from './files';
import type { ContainerLogs, LogFile } from './log-files';
import { carriedName, listLogFiles } from './log-files';
import { withRegularFile } from './regular-file';
import { volumeError } from './volume-errors';

/**
 * What a container wrote before it was frozen passes through a pipe, containerd's shim, a FIFO and dockerd, all of which
 * go on working: the log is complete when it has not been written to for this long. The dump takes longer, so that
 * there is hardly ever anything to wait for.
 */
const QUIET_MS = 50;
/** Whoever writes for longer than this is not the container: it stands still. */
const QUIET_WITHIN_MS = 2_000;
const CHUNK_BYTES = 1024 * 1024;
/** As dockerd makes them: the copy on the target gets the mode of the one on the volume. */
export const LOG_MODE = 0o640;

export interface SaveLogsOptions {
  readonly clock: Clock;
  /** Once it is aborted, nothing more is written. */
  readonly signal: AbortSignal;
}

/**
 * Copies the log files of a frozen container into a directory of the volume, which holds nothing else then; there is no
 * such directory when there are no logs.
 * @param root of the volume
 * @param directory below the root
 * @throws ReasonedError LogsNotSaved, PathNotConfined, or with a VolumeFault as reason
 */
export async function saveLogs(
  logs: ContainerLogs | undefined,
  root: string,
  directory: string,
  options: SaveLogsOptions,
): Promise<void> {
  const files = logs === undefined ? [] : await quietFiles(logs, options);
  options.signal.throwIfAborted();
  // What somebody else put there would be published, and put in place on the target.
  if (logs === undefined || files.length === 0) return removeDirectory(root, directory);
  await makeEmptyDirectory(root, directory);
  for (const { suffix } of files) {
    await copy(logs.path + suffix, join(directory, carriedName(logs.driver, suffix)), options.signal);
  }
}

/** The log's files when dockerd has written all that it had read from the container. */
async function quietFiles(logs: ContainerLogs, { clock, signal }: SaveLogsOptions): Promise<readonly LogFile[]> {
  const giveUpAt = clock.monotonic() + QUIET_WITHIN_MS;
  for (;;) {
    const files = await reading(logs.path, listLogFiles(logs));
    const quietMs = clock.now() - Math.max(0, ...files.map(({ modifiedMs }) => modifiedMs));
    if (quietMs >= QUIET_MS || clock.monotonic() > giveUpAt) return files;
    await clock.sleep(Math.min(QUIET_MS - quietMs, QUIET_MS), signal);
  }
}

async function copy(from: string, to: string, signal: AbortSignal): Promise<void> {
  await reading(
    from,
    withRegularFile(from, async (source) => {
      const { size } = await source.stat();
      const target = await writing(to, open(to, 'wx', LOG_MODE));
      try {
        await copyBytes(source, target, size, { from, to, signal });
      } finally {
        await target.close();
      }
    }),
  );
}

async function copyBytes(
  source: FileHandle,
  target: FileHandle,
  sizeBytes: number,
  { from, to, signal }: { readonly from: string; readonly to: string; readonly signal: AbortSignal },
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, sizeBytes)));
  for (let position = 0; position < sizeBytes;) {
    signal.throwIfAborted();
    const length = Math.min(buffer.length, sizeBytes - position);
    const { bytesRead } = await reading(from, source.read(buffer, 0, length, position));
    // Somebody has truncated it, as programs that rotate logs do.
    if (bytesRead === 0) return;
    await writing(to, target.writeFile(buffer.subarray(0, bytesRead)));
    position += bytesRead;
  }
}

async function reading<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ReasonedError && error.reason !== 'NotARegularFile') throw error;
    const message = `the container's log ${path} could not be read: ${describeError(error)}`;
    throw new ReasonedError('LogsNotSaved', message, { cause: error });
  }
}

async function writing<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw volumeError(path, error);
  }
}

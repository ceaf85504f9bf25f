import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError, describeError, hasCode } from '../runtime/errors';
import type { FileDigest } from './digest';
import { identityOf } from './log-files';
import { withRegularFile } from './regular-file';
import { volumeError } from './volume-errors';

const CHUNK_BYTES = 1024 * 1024;
/** Of what has been copied, so much is compared with the source before anything is appended. */
const TAIL_BYTES = 4096;
/** As dockerd makes them: the copy on the target gets the mode of the one on the volume. */
export const LOG_MODE = 0o640;

/** How far one file of a log has been copied; known to this life of the agent alone. */
export interface LogCopy {
  /** In the checkpoint's directory of logs. */
  readonly name: string;
  /** Of the file that it is a copy of. */
  readonly identity: string;
  /** Inode of the copy: another file by its name is none of ours. */
  readonly inode: bigint;
  readonly sizeBytes: number;
  /** The end of what has been copied. */
  readonly tail: Buffer;
  /** Over all that has been copied; never finished, so that it can go on. */
  readonly hash: Hash;
}

/** Which file of a log is copied, and where to. */
export interface LogCopyOrder {
  readonly from: string;
  /** Another file that has the name by now is not copied. */
  readonly identity: string;
  /** The checkpoint's directory of logs. */
  readonly directory: string;
  readonly name: string;
  /** Once it is aborted, nothing more is written. */
  readonly signal: AbortSignal;
  /** Whether the copy shall be on stable storage. */
  readonly durably: boolean;
}

/** Digest and size of a copy as it was written: what lies on the volume is not read for it. */
export function digestOfCopy({ hash, sizeBytes }: Pick<LogCopy, 'hash' | 'sizeBytes'>): FileDigest {
  return { digest: `sha256:${hash.copy().digest('hex')}`, sizeBytes };
}

/**
 * Copies a file of a log up to its present end; of one that was copied before, what was added since. Docker only ever
 * adds to a log, which is not taken on trust: one that has become shorter, or does not hold what was copied last (a
 * program that rotates logs may have emptied it), is copied anew, and so is one whose copy somebody has touched.
 * @returns undefined when another file has that name by now, or none
 * @throws ReasonedError LogsNotSaved, or with a VolumeFault as reason
 */
export async function copyLogFile(order: LogCopyOrder, known: LogCopy | undefined): Promise<LogCopy | undefined> {
  try {
    return await withRegularFile(order.from, async (source) => {
      const stats = await source.stat({ bigint: true });
      if (identityOf(stats) !== order.identity) return undefined;
      const sizeBytes = Number(stats.size);
      const unchanged = known !== undefined && (await holds(source, sizeBytes, known)) ? known : undefined;
      const target = await onVolume(order, openCopy(order, unchanged));
      try {
        return await append(source, sizeBytes, target, order);
      } finally {
        await target.file.close();
      }
    });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    const isNamed = error instanceof ReasonedError && error.reason !== 'NotARegularFile';
    if (isNamed || order.signal.aborted) throw error;
    const message = `the container's log ${order.from} could not be read: ${describeError(error)}`;
    throw new ReasonedError('LogsNotSaved', message, { cause: error });
  }
}

/** Whether a file begins with what was copied of it, as far as its end tells: its lines bear the time to the nanosecond. */
async function holds(source: FileHandle, sizeBytes: number, known: LogCopy): Promise<boolean> {
  if (sizeBytes < known.sizeBytes) return false;
  const { length } = known.tail;
  const { bytesRead, buffer } = await source.read(Buffer.alloc(length), 0, length, known.sizeBytes - length);
  return bytesRead === length && buffer.equals(known.tail);
}

type Target = Pick<LogCopy, 'inode' | 'sizeBytes' | 'tail' | 'hash'> & { readonly file: FileHandle };

async function openCopy({ directory, name }: LogCopyOrder, known: LogCopy | undefined): Promise<Target> {
  const path = join(directory, name);
  const continued = known === undefined ? undefined : await reopen(path, known);
  if (known !== undefined && continued !== undefined) return { ...known, file: continued };
  await rm(path, { recursive: true, force: true });
  const file = await open(path, 'wx', LOG_MODE);
  const { ino: inode } = await file.stat({ bigint: true });
  return { inode, sizeBytes: 0, tail: Buffer.alloc(0), hash: createHash('sha256'), file };
}

/** The copy to be continued; undefined when it is not as it was left. */
async function reopen(path: string, { inode, sizeBytes }: LogCopy): Promise<FileHandle | undefined> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  const stats = await file?.stat({ bigint: true });
  const isOurs = stats?.isFile() === true && stats.ino === inode && stats.nlink === 1n;
  if (isOurs && stats.size === BigInt(sizeBytes)) return file;
  await file?.close();
  return undefined;
}

async function append(
  source: FileHandle,
  upTo: number,
  { file, inode, hash, ...begun }: Target,
  order: LogCopyOrder,
): Promise<LogCopy> {
  let { sizeBytes, tail } = begun;
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, upTo - sizeBytes)));
  while (sizeBytes < upTo) {
    order.signal.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, upTo - sizeBytes), sizeBytes);
    // Somebody has truncated it, as programs that rotate logs do.
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    await onVolume(order, file.writeFile(piece));
    hash.update(piece);
    tail = Buffer.concat([tail, piece.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    sizeBytes += bytesRead;
  }
  if (order.durably) await onVolume(order, file.sync());
  return { name: order.name, identity: order.identity, inode, sizeBytes, tail, hash };
}

async function onVolume<T>({ directory, name }: LogCopyOrder, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw volumeError(join(directory, name), error);
  }
}

import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { Pace } from '../runtime/pace';
import { paced } from '../runtime/pace';
import { requireConfined } from './confined';
import type { FileDigest } from './digest';
import { digestOf } from './digest';
import { ensureVisible, syncDirectory, VISIBLE_WITHIN_MS } from './files';
import { ImageArchiveCheck } from './image-archive';
import { UNFINISHED } from './layout';
import { withOwnFile } from './regular-file';
import { codeOf, volumeError } from './volume-errors';

/** The size of a piece that is read, checked and sent. */
const PIECE_BYTES = 1024 * 1024;

export interface ImageFileOptions {
  /** `sha256:…`: the one image that the archive may hold. */
  readonly imageID: string;
  readonly signal: AbortSignal;
  /** Told how many bytes there are so far. */
  readonly onBytes?: ((total: number) => void) | undefined;
  /** How fast it may be written; as fast as it comes when absent. */
  readonly pace?: Pace | undefined;
}

/**
 * Writes an image's archive as it comes. It appears as a whole and only when it is whole, mode 0600; what an earlier
 * life of the agent left unfinished is removed.
 * @throws ReasonedError ImageNotSaved, the content's own failure, the signal's reason, or with a VolumeFault as reason
 */
export async function saveImageFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { imageID, signal, onBytes, pace }: ImageFileOptions,
): Promise<FileDigest> {
  const prefix = `${UNFINISHED}${basename(path)}-`;
  const temporary = join(dirname(path), `${prefix}${randomBytes(6).toString('hex')}`);
  try {
    const earlier = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix));
    for (const name of earlier) await rm(join(dirname(path), name), { force: true });
    const file = await open(temporary, 'wx', 0o600);
    let written: FileDigest;
    try {
      written = await writeAll(file, paced(content, pace, signal), { imageID, signal, onBytes });
      await file.sync();
    } finally {
      await file.close();
    }
    signal.throwIfAborted();
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    return written;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw volumeError(path, error);
  }
}

async function writeAll(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  { imageID, signal, onBytes }: ImageFileOptions,
): Promise<FileDigest> {
  const hash = createHash('sha256');
  const check = new ImageArchiveCheck(imageID);
  let sizeBytes = 0;
  for await (const piece of content) {
    signal.throwIfAborted();
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    requireWhole(() => {
      check.push(bytes);
    });
    hash.update(bytes);
    await file.writeFile(bytes);
    sizeBytes += bytes.length;
    onBytes?.(sizeBytes);
  }
  requireWhole(() => {
    check.finish();
  });
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

/** Docker has failed in the middle, and ended what it gave as if all were well. */
function requireWhole(look: () => void): void {
  const fault = faultOf(look);
  if (fault === undefined) return;
  const message = 'what Docker gave is not the whole image; look at its log';
  throw new ReasonedError('ImageNotSaved', message, { cause: fault.error });
}

export interface ReadImageOptions extends ImageFileOptions {
  /** Of the volume: nothing on the way from it may be a symlink. */
  readonly root: string;
  readonly clock?: Clock;
  readonly visibleWithinMs?: number;
}

/**
 * Lets somebody use an archive that the object vouches for. It is read twice: first to compare it with its digest and to
 * see that it holds the one image, and then piece by piece for the use, each piece compared with what it was at first:
 * what is used is what was checked, whoever writes to the volume meanwhile.
 * @throws ReasonedError ImageArchiveMissing, ImageArchiveCorrupt, ImageArchiveInvalid, PathNotConfined, the use's own
 *   failure, the signal's reason, or with a VolumeFault as reason
 */
export async function withImageFile<T>(
  path: string,
  expected: FileDigest,
  options: ReadImageOptions,
  use: (content: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { root, clock = systemClock, visibleWithinMs = VISIBLE_WITHIN_MS } = options;
  try {
    await ensureVisible(path, clock, visibleWithinMs);
    await requireConfined(root, dirname(path));
    return await withOwnFile(path, async (file) => {
      const digests = await checkArchive(path, file, expected, options);
      return use(checkedPieces(path, file, digests, options.signal));
    });
  } catch (error) {
    if (reasonOf(error, '') === 'NotARegularFile') throw corrupt(path, 'is not a regular file of its own', error);
    if (codeOf(error) !== 'ENOENT') throw volumeError(path, error);
    const message = `this node does not see ${path}, which the source has written; do both nodes mount the same volume?`;
    throw new ReasonedError('ImageArchiveMissing', message, { cause: error });
  }
}

/** The digests of its pieces, when it is as a whole what the object vouches for. */
async function checkArchive(
  path: string,
  file: FileHandle,
  expected: FileDigest,
  { imageID, signal, onBytes }: ImageFileOptions,
): Promise<readonly string[]> {
  if ((await file.stat()).size !== expected.sizeBytes) throw corrupt(path, 'has another size than the source wrote');
  const digests: string[] = [];
  const hash = createHash('sha256');
  const check = new ImageArchiveCheck(imageID);
  let sizeBytes = 0;
  let fault: { readonly error: unknown } | undefined;
  for await (const piece of piecesOf(file, signal)) {
    hash.update(piece);
    if ((sizeBytes += piece.length) > expected.sizeBytes) break;
    digests.push(digestOf(piece));
    // That somebody has changed it is said first, whatever he has made of it.
    fault ??= faultOf(() => {
      check.push(piece);
    });
    onBytes?.(sizeBytes);
  }
  if (sizeBytes !== expected.sizeBytes || `sha256:${hash.digest('hex')}` !== expected.digest)
    throw corrupt(path, 'is not what the source wrote');
  if (fault !== undefined) throw fault.error;
  check.finish();
  return digests;
}

function faultOf(work: () => void): { readonly error: unknown } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return { error };
  }
}

async function* checkedPieces(
  path: string,
  file: FileHandle,
  digests: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let index = 0;
  for await (const piece of piecesOf(file, signal)) {
    if (digestOf(piece) !== digests[index++]) throw corrupt(path, 'was changed while it was loaded');
    yield piece;
  }
  if (index !== digests.length) throw corrupt(path, 'was cut off while it was loaded');
}

/** Each in a buffer of its own: the reader may hold it while the next one is read. */
async function* piecesOf(file: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled > 0) yield buffer.subarray(0, filled);
    if (filled < buffer.length) return;
    position += filled;
  }
}

function corrupt(path: string, what: string, cause?: unknown): ReasonedError {
  return new ReasonedError('ImageArchiveCorrupt', `the archive of the image (${path}) ${what}`, { cause });
}

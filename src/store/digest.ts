import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { ReasonedError } from '../runtime/errors';
import { codeOf } from './volume-errors';

/** Large enough that hashing, not calling, takes the time; small enough that several files at once cost little memory. */
const CHUNK_BYTES = 1024 * 1024;

export interface FileDigest {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** The digest of bytes, in the form that manifests use. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/**
 * Runs `use` on a file that is opened for reading, and closes it.
 * @throws ReasonedError `NotARegularFile` for a symlink, a device, a directory…
 */
export async function withRegularFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  // Without O_NONBLOCK the open of a FIFO would wait for somebody to write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(notALink);
  try {
    if (!(await file.stat()).isFile()) throw notRegular();
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Digest and size of an open file, read from its beginning. Reads ahead while it hashes. */
export async function digestFile(file: FileHandle): Promise<FileDigest> {
  const hash = createHash('sha256');
  const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)] as const;
  let sizeBytes = 0;
  let next = file.read(buffers[0], 0, CHUNK_BYTES, 0);
  for (let turn = 1; ; turn++) {
    const { bytesRead, buffer } = await next;
    if (bytesRead === 0) return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
    sizeBytes += bytesRead;
    next = file.read(turn % 2 === 0 ? buffers[0] : buffers[1], 0, CHUNK_BYTES, sizeBytes);
    hash.update(buffer.subarray(0, bytesRead));
  }
}

function notALink(error: unknown): never {
  if (codeOf(error) === 'ELOOP') throw notRegular(error);
  throw error;
}

function notRegular(cause?: unknown): ReasonedError {
  return new ReasonedError('NotARegularFile', 'is not a regular file', { cause });
}

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Large enough that hashing, not calling, takes the time; small enough that many files at once cost little memory. */
const CHUNK_BYTES = 256 * 1024;

export interface FileDigest {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Of what was read. */
  readonly sizeBytes: number;
}

export interface DigestOptions {
  /** Where to stop in a file that is larger, or grows for ever. */
  readonly maxBytes?: number;
  /** How large it should be, so that a small file, of which a checkpoint has many, takes a small buffer. */
  readonly expectedBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the size of every piece that was read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The digest of bytes, in the form that manifests use. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/**
 * Digest and size of an open file, read from its beginning. Reads ahead while it hashes.
 * @throws the signal's reason
 */
export async function digestFile(file: FileHandle, options: DigestOptions = {}): Promise<FileDigest> {
  const { maxBytes = Number.MAX_SAFE_INTEGER, expectedBytes = CHUNK_BYTES, signal, onBytes } = options;
  const hash = createHash('sha256');
  const length = Math.min(CHUNK_BYTES, expectedBytes + 1);
  const buffers = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)] as const;
  const readFrom = (position: number, turn: number): Promise<{ bytesRead: number; buffer: Buffer }> =>
    file.read(buffers[turn % 2 === 0 ? 0 : 1], 0, Math.min(length, maxBytes - position), position);
  let sizeBytes = 0;
  let next = readFrom(0, 0);
  for (let turn = 1; ; turn++) {
    const { bytesRead, buffer } = await next;
    sizeBytes += bytesRead;
    signal?.throwIfAborted();
    // It was asked for more than is expected, and there was no more.
    const isComplete = bytesRead === 0 || (sizeBytes === options.expectedBytes && bytesRead < length);
    if (!isComplete) next = readFrom(sizeBytes, turn);
    hash.update(buffer.subarray(0, bytesRead));
    if (bytesRead > 0) onBytes?.(bytesRead);
    if (isComplete) return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
  }
}

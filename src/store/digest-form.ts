import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { DigestOptions } from './digest';
import { digestFile, digestOf } from './digest';
import type { DigestWorkers, PiecesToTake } from './digest-workers';
import { digestWorkers } from './digest-workers';

/**
 * How the digest of a file was taken, as its prefix says: `sha256` of the whole, or `sha256-4m`: the SHA-256 of the SHA-256s
 * of its pieces of 4 MiB, one after the other, the last one shorter. That one can be taken by several threads.
 */
export type DigestForm = 'sha256' | 'sha256-4m';

/** Small enough that all threads end at about the same time. */
export const PIECE_BYTES = 4 * 1024 * 1024;
/** With less, the main thread has it done while others are told of it. */
const BY_A_THREAD_FROM_BYTES = 4 * 1024 * 1024;
/** With less, several threads gain little; and a manifest without pieces is read by agents of version 1, too. */
const IN_PIECES_FROM_BYTES = 16 * 1024 * 1024;
/** Of a SHA-256. */
export const DIGEST_BYTES = 32;
/** Stays in the cache of a CPU between the read and the hash. */
const READ_BYTES = 256 * 1024;
/** 4 GiB at once: what is remembered meanwhile is 32 KiB, however large somebody makes a file. */
const PIECES_AT_ONCE = 1024;

export interface FormOptions extends Pick<DigestOptions, 'signal' | 'onBytes'> {
  readonly workers?: DigestWorkers;
  readonly pieceBytes?: number;
  readonly readBytes?: number;
  /** The digests of the first pieces, when somebody has taken them: those are not read. */
  readonly ahead?: Uint8Array | undefined;
}

/** How the digest of a file of this size is taken. */
export function formFor(sizeBytes: number): DigestForm {
  return sizeBytes < IN_PIECES_FROM_BYTES ? 'sha256' : 'sha256-4m';
}

/** How a digest was taken. */
export function formOf(digest: string): DigestForm {
  return digest.startsWith('sha256-4m:') ? 'sha256-4m' : 'sha256';
}

/**
 * The digest of an open file of exactly this size; undefined when it is shorter or longer by now.
 * @throws the signal's reason; ReasonedError `DigestNotTaken`; the error of a file call
 */
export async function digestInForm(
  file: FileHandle,
  form: DigestForm,
  expectedBytes: number,
  options: FormOptions = {},
): Promise<string | undefined> {
  if (form === 'sha256-4m') return digestPieces(file, expectedBytes, options);
  const { signal, onBytes, workers = digestWorkers } = options;
  // While the main thread has all the small files to itself; but when the threads are at something else, the main thread is
  // done sooner: a piece of another container may come from a slow volume, and a whole file as one piece would delay that one.
  if (expectedBytes >= BY_A_THREAD_FROM_BYTES && !workers.isBusy) return digestByThread(file, expectedBytes, options);
  const found = await digestFile(file, { maxBytes: expectedBytes + 1, expectedBytes, signal, onBytes });
  return found.sizeBytes === expectedBytes ? found.digest : undefined;
}

/** As digestInForm, of bytes. */
export function digestBytes(content: Uint8Array, form: DigestForm): string {
  if (form === 'sha256') return digestOf(content);
  const hash = createHash('sha256');
  for (let start = 0; start < content.length; start += PIECE_BYTES) {
    hash.update(
      createHash('sha256')
        .update(content.subarray(start, start + PIECE_BYTES))
        .digest(),
    );
  }
  return `sha256-4m:${hash.digest('hex')}`;
}

async function digestByThread(file: FileHandle, sizeBytes: number, options: FormOptions): Promise<string | undefined> {
  const which = { start: 0, end: sizeBytes, threads: 1 };
  const digest = await takePieces(file, which, { ...options, pieceBytes: sizeBytes });
  if (digest === undefined || !(await endsAt(file, sizeBytes))) return undefined;
  return `sha256:${Buffer.from(digest).toString('hex')}`;
}

async function endsAt(file: FileHandle, sizeBytes: number): Promise<boolean> {
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1, sizeBytes);
  return bytesRead === 0;
}

async function digestPieces(file: FileHandle, sizeBytes: number, options: FormOptions): Promise<string | undefined> {
  const { pieceBytes = PIECE_BYTES, ahead = new Uint8Array() } = options;
  const hash = createHash('sha256').update(ahead);
  const step = PIECES_AT_ONCE * pieceBytes;
  for (let start = (ahead.length / DIGEST_BYTES) * pieceBytes; start < sizeBytes; start += step) {
    const end = Math.min(start + step, sizeBytes);
    const digests = await takePieces(file, { start, end }, options);
    if (digests === undefined) return undefined;
    hash.update(digests);
  }
  return (await endsAt(file, sizeBytes)) ? `sha256-4m:${hash.digest('hex')}` : undefined;
}

/**
 * The SHA-256s of a file's pieces from one offset to another, one after the other; undefined when it ends before.
 * @throws the signal's reason; ReasonedError `DigestNotTaken`; the error of a file call
 */
export async function takePieces(
  { fd }: FileHandle,
  which: Pick<PiecesToTake, 'start' | 'end' | 'threads'>,
  {
    signal,
    onBytes,
    workers = digestWorkers,
    pieceBytes = PIECE_BYTES,
    readBytes = READ_BYTES,
  }: Omit<FormOptions, 'ahead'> = {},
): Promise<Uint8Array | undefined> {
  return workers.take({ fd, ...which, pieceBytes, readBytes, signal, onBytes });
}

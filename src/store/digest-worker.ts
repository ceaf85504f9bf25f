/**
 * What a thread of DigestWorkers does. Under jest Node.js runs this file as it is, after leaving the types out: therefore
 * it imports nothing but types.
 */
import type { DigestAnswer, DigestJob } from './digest-workers';

const { createHash } = process.getBuiltinModule('node:crypto');
const { readSync } = process.getBuiltinModule('node:fs');
const { parentPort } = process.getBuiltinModule('node:worker_threads');

const DIGEST_BYTES = 32;
/** The elements of `control`. */
const NEXT = 0;
const STOP = 1;

let buffer = Buffer.alloc(0);
/** Those that this thread has not let go of; the first one had its turn last. While there are some, a turn is to come. */
let jobs: DigestJob[] = [];

const answer = (what: DigestAnswer): void => parentPort?.postMessage(what);

/** Nobody takes a piece of it any more. */
const stop = ({ control }: DigestJob): void => void Atomics.store(control, STOP, 1);

const isOver = ({ start, end, pieceBytes, control }: DigestJob): boolean =>
  Atomics.load(control, STOP) !== 0 || start + Atomics.load(control, NEXT) * pieceBytes >= end;

/** The next piece that no other thread has taken, if there is one. */
function takePiece(job: DigestJob): void {
  const { id, fd, start, end, pieceBytes, readBytes, control, digests } = job;
  if (buffer.length < readBytes) buffer = Buffer.allocUnsafeSlow(readBytes);
  const piece = Atomics.add(control, NEXT, 1);
  const from = start + piece * pieceBytes;
  if (from >= end) return;
  const to = Math.min(from + pieceBytes, end);
  const hash = createHash('sha256');
  for (let position = from; position < to;) {
    if (Atomics.load(control, STOP) !== 0) return;
    const bytes = readSync(fd, buffer, 0, Math.min(readBytes, to - position), position);
    if (bytes === 0) {
      answer({ id, kind: 'short' });
      stop(job);
      return;
    }
    hash.update(buffer.subarray(0, bytes));
    position += bytes;
  }
  digests.set(hash.digest(), piece * DIGEST_BYTES);
  answer({ id, kind: 'read', bytes: to - from });
}

/** Never throws: an error would lose its code on the way between threads. */
function tryPiece(job: DigestJob): void {
  try {
    takePiece(job);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    answer({ id: job.id, kind: 'failed', message, code });
    stop(job);
  }
}

/**
 * One piece of the next job. What came during the last turn has been heard by now, and comes before the job that had it.
 * Before, lets go of all jobs that are over: none of them waits for a piece of another one.
 */
function takeTurn(): void {
  jobs.push(...jobs.splice(0, 1));
  const over = jobs.filter(isOver);
  jobs = jobs.filter((job) => !over.includes(job));
  for (const { id } of over) answer({ id, kind: 'done' });
  const [job] = jobs;
  if (job === undefined) return;
  tryPiece(job);
  setImmediate(takeTurn);
}

parentPort?.on('message', (job: DigestJob) => {
  jobs.push(job);
  if (jobs.length === 1) setImmediate(takeTurn);
});

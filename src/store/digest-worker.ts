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

const answer = (what: DigestAnswer): void => parentPort?.postMessage(what);

/** Takes one piece after the other that no other thread has taken, until there is none. */
function takePieces({ id, fd, start, end, pieceBytes, readBytes, control, digests }: DigestJob): void {
  if (buffer.length !== readBytes) buffer = Buffer.allocUnsafeSlow(readBytes);
  for (let piece = Atomics.add(control, NEXT, 1); ; piece = Atomics.add(control, NEXT, 1)) {
    const from = start + piece * pieceBytes;
    if (from >= end) return;
    const to = Math.min(from + pieceBytes, end);
    const hash = createHash('sha256');
    for (let position = from; position < to;) {
      if (Atomics.load(control, STOP) !== 0) return;
      const bytes = readSync(fd, buffer, 0, Math.min(readBytes, to - position), position);
      if (bytes === 0) {
        answer({ id, kind: 'short' });
        return;
      }
      hash.update(buffer.subarray(0, bytes));
      position += bytes;
    }
    digests.set(hash.digest(), piece * DIGEST_BYTES);
    answer({ id, kind: 'read', bytes: to - from });
  }
}

parentPort?.on('message', (job: DigestJob) => {
  try {
    takePieces(job);
  } catch (error) {
    // An error loses its code on the way between threads.
    const { message, code } = error as NodeJS.ErrnoException;
    answer({ id: job.id, kind: 'failed', message, code });
  }
  answer({ id: job.id, kind: 'done' });
});

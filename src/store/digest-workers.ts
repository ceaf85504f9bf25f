import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ReasonedError, describeError } from '../runtime/errors';

/** With more, it is the file server that is waited for. */
const MAX_THREADS = 4;
/** A thread takes 35 ms to begin and 10 MB as long as it is there (measured): kept between the steps of a migration. */
const IDLE_MS = 120_000;
const PROGRAM = join(__dirname, `digest-worker${extname(__filename)}`);
/** Where in `control`. */
const STOP = 1;
const LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 };

/** What each thread is told: whoever comes first takes the next piece. */
export interface DigestJob {
  readonly id: number;
  /** Open until every thread has answered `done`. */
  readonly fd: number;
  /** Where the first piece begins, and the last one ends. */
  readonly start: number;
  readonly end: number;
  readonly pieceBytes: number;
  /** Of one read. */
  readonly readBytes: number;
  /** Number of the next piece that nobody has taken; not 0 when all shall stop, as threads that cannot go on say, too. */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** The digests of the pieces, one after the other. */
  readonly digests: Uint8Array<SharedArrayBuffer>;
}

/** What a thread says; `done` is its last word on a job. */
export type DigestAnswer = { readonly id: number } & (
  | { readonly kind: 'read'; readonly bytes: number }
  /** The file has ended before `end`. */
  | { readonly kind: 'short' }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'done' }
);

/** Which pieces of an open file. */
export interface PiecesToTake extends Pick<DigestJob, 'fd' | 'start' | 'end' | 'pieceBytes' | 'readBytes'> {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** At most so many work on it; all when absent. */
  readonly threads?: number | undefined;
}

interface Pending {
  readonly control: DigestJob['control'];
  readonly onBytes: ((bytes: number) => void) | undefined;
  /** Those that have not said `done`. */
  readonly busy: Set<Worker>;
  readonly settle: () => void;
  isShort: boolean;
  failure?: Error;
}

export interface DigestWorkersOptions {
  /** How many; by default as many as the machine and the cgroup have CPUs for, at most four. */
  readonly threads?: number;
  readonly idleMs?: number;
  /** What they run. */
  readonly program?: string;
}

/**
 * A few threads that take the digests of pieces of files: SHA-256 of one stream cannot be spread over CPUs, and the main
 * thread has other work. Jobs at the same time take turns, piece by piece: a container that stands frozen does not wait until
 * all the memory of another one is read. The threads begin with the first job and end by themselves when there has been none
 * for a while; they do not keep the process alive.
 */
export class DigestWorkers {
  readonly #threads: number;
  readonly #idleMs: number;
  readonly #program: string;
  readonly #workers = new Set<Worker>();
  readonly #pending = new Map<number, Pending>();
  #lastID = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor({ threads, idleMs = IDLE_MS, program = PROGRAM }: DigestWorkersOptions = {}) {
    this.#threads = threads ?? Math.min(availableParallelism(), MAX_THREADS);
    this.#idleMs = idleMs;
    this.#program = program;
  }

  /** How many threads there are just now. */
  get size(): number {
    return this.#workers.size;
  }

  /** Whether a job is under way: another one would wait for a piece of it, and then take turns with it. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** Begins the threads, so that a job soon to come finds them ready. Never throws: the job would tell. */
  readonly warmUp = (): void => {
    try {
      this.#begin();
    } catch {
      // Tried again for the job.
    }
    this.#restWhenIdle();
  };

  /**
   * The SHA-256 of each piece, one after the other; undefined when the file is shorter. When it settles, no thread reads the
   * file any more.
   * @throws the signal's reason; ReasonedError `DigestNotTaken` when a thread broke down; the error of a file call
   */
  async take({ signal, onBytes, threads, ...of }: PiecesToTake): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    const pieces = Math.ceil((of.end - of.start) / of.pieceBytes);
    const control = new Int32Array(new SharedArrayBuffer(8));
    const digests = new Uint8Array(new SharedArrayBuffer(32 * pieces));
    const stop = (): void => {
      Atomics.store(control, STOP, 1);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const { failure, isShort } = await this.#run({ ...of, id: ++this.#lastID, control, digests }, onBytes, threads);
      signal?.throwIfAborted();
      if (failure !== undefined) throw failure;
      return isShort ? undefined : digests;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#restWhenIdle();
    }
  }

  /** Ends all threads; jobs that are under way fail. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  #run(job: DigestJob, onBytes: Pending['onBytes'], threads: number | undefined): Promise<Pending> {
    return new Promise((resolve, reject) => {
      try {
        this.#begin();
      } catch (error) {
        reject(broken(error));
        return;
      }
      const busy = new Set([...this.#workers].slice(0, threads));
      const pending: Pending = {
        ...{ control: job.control, onBytes, busy, isShort: false },
        settle: () => {
          this.#pending.delete(job.id);
          resolve(pending);
        },
      };
      this.#pending.set(job.id, pending);
      for (const worker of busy) {
        worker.ref();
        worker.postMessage(job);
      }
    });
  }

  #begin(): void {
    clearTimeout(this.#idle);
    while (this.#workers.size < this.#threads) {
      // Neither the program's own flags nor its environment are theirs to know.
      const worker = new Worker(this.#program, { execArgv: [], env: {}, resourceLimits: LIMITS });
      worker.on('message', (answer: DigestAnswer) => {
        this.#hear(worker, answer);
      });
      worker.on('error', (error) => {
        this.#lose(worker, error);
      });
      worker.on('exit', (exitCode) => {
        this.#lose(worker, new Error(`it ended with exit code ${exitCode}`));
      });
      worker.unref();
      this.#workers.add(worker);
    }
  }

  #hear(worker: Worker, answer: DigestAnswer): void {
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) return;
    if (answer.kind === 'read') pending.onBytes?.(answer.bytes);
    else if (answer.kind === 'done') this.#done(worker, pending);
    else if (answer.kind === 'short') pending.isShort = true;
    else pending.failure ??= Object.assign(new Error(answer.message), { code: answer.code });
  }

  /** One that broke down may have left a piece half done: the job fails, when the others have let go of the file. */
  #lose(worker: Worker, cause: unknown): void {
    this.#workers.delete(worker);
    for (const pending of this.#pending.values()) {
      if (!pending.busy.has(worker)) continue;
      pending.failure ??= broken(cause);
      Atomics.store(pending.control, STOP, 1);
      this.#done(worker, pending);
    }
  }

  #done(worker: Worker, { busy, settle }: Pending): void {
    busy.delete(worker);
    if (busy.size === 0) settle();
  }

  #restWhenIdle(): void {
    if (this.#pending.size > 0) return;
    for (const worker of this.#workers) worker.unref();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), this.#idleMs).unref();
  }
}

/** Those of this process. */
export const digestWorkers = new DigestWorkers();

function broken(cause: unknown): ReasonedError {
  const message = `a thread that takes digests broke down: ${describeError(cause)}; look at the memory that the agent has`;
  return new ReasonedError('DigestNotTaken', message, { cause });
}

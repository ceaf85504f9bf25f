import { backoffMs } from './backoff';
import type { Clock } from './clock';
import { sleptThrough } from './deadline';

/** Told of what happens in a queue, for metrics. */
export interface QueueObserver {
  /** How many keys are ready to be handed out now. */
  depth(length: number): void;
  /** A key was marked as needing work. */
  added(): void;
  /** A key was put back after a failure. */
  retried(): void;
  /** A worker got a key that had been ready for so long. */
  handedOut(waitedMs: number): void;
}

export interface WorkQueueOptions {
  clock: Clock;
  observer?: QueueObserver;
  /** Uniform in [0, 1); Math.random when absent. */
  random?: () => number;
  /** The first wait of addRateLimited, before jitter. Default 200 ms. */
  baseDelayMs?: number;
  /** The longest wait of addRateLimited. Default 60 s. */
  maxDelayMs?: number;
}

interface DelayedAdd {
  dueAtMs: number;
  cancel: AbortController;
}

/**
 * A queue of keys with the semantics of client-go's workqueue: a key waits at most once, is never given to two workers
 * at the same time, and is given out again when it was added while a worker had it.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #observer: QueueObserver | undefined;
  /** Keys to hand out, oldest first, and since when. */
  readonly #ready: { readonly key: string; readonly sinceMs: number }[] = [];
  /** Keys that need processing: waiting in #ready, or added again while being processed. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, DelayedAdd>();
  readonly #failures = new Map<string, number>();
  readonly #waitingWorkers: ((key: string | undefined) => void)[] = [];
  #onIdle: (() => void)[] = [];
  #shuttingDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#baseDelayMs = options.baseDelayMs ?? 200;
    this.#maxDelayMs = options.maxDelayMs ?? 60_000;
    this.#observer = options.observer;
  }

  /** How many keys are ready to be handed out; those being processed or delayed do not count. */
  get length(): number {
    return this.#ready.length;
  }

  /** Marks the key as needing work. */
  add(key: string): void {
    if (this.#shuttingDown || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#observer?.added();
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Adds the key after `ms`. When it is already delayed, the earlier of the two times holds. */
  addAfter(key: string, ms: number): void {
    if (this.#shuttingDown) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const dueAtMs = this.#clock.monotonic() + ms;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.dueAtMs <= dueAtMs) return;
    planned?.cancel.abort();
    const delayed: DelayedAdd = { dueAtMs, cancel: new AbortController() };
    this.#delayed.set(key, delayed);
    void this.#addWhenDue(key, ms, delayed);
  }

  /** Adds the key after a wait that doubles with every call since the last `forget`. */
  addRateLimited(key: string): void {
    const attempt = this.#failures.get(key) ?? 0;
    this.#failures.set(key, attempt + 1);
    this.#observer?.retried();
    const wait = { baseMs: this.#baseDelayMs, maxMs: this.#maxDelayMs, random: this.#random };
    this.addAfter(key, backoffMs(attempt, wait));
  }

  /** The key did well: its next failure waits the shortest time again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, as soon as there is one; undefined once the queue shuts down. Call `done` when it is processed. */
  get(): Promise<string | undefined> {
    if (this.#shuttingDown) return Promise.resolve(undefined);
    const next = this.#ready.shift();
    if (next !== undefined) {
      this.#observer?.depth(this.#ready.length);
      this.#handOut(next.key, this.#clock.monotonic() - next.sinceMs);
      return Promise.resolve(next.key);
    }
    return new Promise((resolve) => this.#waitingWorkers.push(resolve));
  }

  /** The worker is finished with the key, well or badly. */
  done(key: string): void {
    if (!this.#processing.delete(key)) return;
    if (this.#dirty.has(key)) this.#enqueue(key);
    if (this.#processing.size === 0) this.#announceIdle();
  }

  /**
   * Hands out nothing more, drops what waits (whoever fills the queue finds it again after a restart) and waits until
   * the keys being processed are done. False when they are not after `deadlineMs`.
   */
  async shutdown(deadlineMs: number): Promise<boolean> {
    this.#shuttingDown = true;
    for (const { cancel } of this.#delayed.values()) cancel.abort();
    this.#delayed.clear();
    this.#ready.length = 0;
    this.#observer?.depth(0);
    this.#dirty.clear();
    for (const resolve of this.#waitingWorkers.splice(0)) resolve(undefined);
    if (this.#processing.size === 0) return true;
    const idle = new AbortController();
    this.#onIdle.push(() => {
      idle.abort();
    });
    return !(await sleptThrough(this.#clock, deadlineMs, idle.signal));
  }

  async #addWhenDue(key: string, ms: number, delayed: DelayedAdd): Promise<void> {
    if (!(await sleptThrough(this.#clock, ms, delayed.cancel.signal))) return;
    if (this.#delayed.get(key) === delayed) this.#delayed.delete(key);
    this.add(key);
  }

  #enqueue(key: string): void {
    const worker = this.#waitingWorkers.shift();
    if (worker === undefined) {
      this.#ready.push({ key, sinceMs: this.#clock.monotonic() });
      this.#observer?.depth(this.#ready.length);
      return;
    }
    this.#handOut(key, 0);
    worker(key);
  }

  #handOut(key: string, waitedMs: number): void {
    this.#observer?.handedOut(waitedMs);
    this.#dirty.delete(key);
    this.#processing.add(key);
  }

  #announceIdle(): void {
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }
}

import { backoffMs } from './backoff';
import type { Clock } from './clock';
import { isAborted, linkAbort, onceAborted, sleptThrough } from './deadline';
import { ReasonedError } from './errors';
import type { ListerWatcher, Versioned, WatchEvent } from './lister-watcher';
import { ResourceExpiredError } from './lister-watcher';
import type { Logger } from './log';

/** Told of what an informer does, for metrics. */
export interface InformerObserver {
  /** Everything was listed. */
  listed(): void;
  watchBegan(): void;
  /** Each that began ends; `failed` when an error ended it. */
  watchEnded(failed: boolean): void;
}

export interface InformerOptions<T> {
  /** In every log line: what is watched. */
  name: string;
  source: ListerWatcher<T>;
  clock: Clock;
  log: Logger;
  /** Uniform in [0, 1); Math.random when absent. */
  random?: () => number;
  /** The server is asked to end every watch after this time. Default 30 s. */
  watchTimeoutMs?: number;
  /**
   * A watch in which neither an event nor a bookmark nor the end came for this long is taken for half-open and ended.
   * Longer than `watchTimeoutMs`, so that silence on a quiet resource is not mistaken. Default: that and 5 s.
   */
  inactivityMs?: number;
  /** Every key is announced again after this time, changed or not. Default 10 min. */
  resyncMs?: number;
  /** Everything is listed anew at the end of a watch when the last list is older than this. Default 10 min. */
  relistMs?: number;
  /** Waits between attempts that fail: base 200 ms, at most 10 s. */
  backoff?: { baseMs: number; maxMs: number };
  observer?: InformerObserver;
}

/** A watch that lived this long was not a failure, whatever ended it: the next one follows at once. */
const HEALTHY_WATCH_MS = 1_000;

/**
 * A cache of all objects of one kind that follows the server through lost connections, restarts and expired versions.
 * Tells its handlers only which key changed: what they do must depend on the state, never on the event.
 */
export class Informer<T> {
  readonly #options: InformerOptions<T>;
  readonly #log: Logger;
  readonly #cache = new Map<string, Versioned<T>>();
  readonly #values = new Map<string, T>();
  readonly #handlers: ((key: string) => void)[] = [];
  readonly #synced = new AbortController();
  /** Where the next watch continues; undefined when a list is needed first. */
  #resumeFrom: string | undefined;
  #listedAtMs = 0;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#log = options.log.child({ informer: options.name });
  }

  /** Calls the handler with the key of every object that appears, changes or disappears, and on every resync. */
  onChange(handler: (key: string) => void): void {
    this.#handlers.push(handler);
  }

  /**
   * The object as last seen. An object whose newest version could not be parsed keeps its last readable version, so
   * that it is never mistaken for a deleted one; one that never was readable is undefined.
   */
  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  /** All readable objects, in no particular order. */
  list(): T[] {
    return [...this.#values.values()];
  }

  /** True once the first list is in the cache. */
  hasSynced(): boolean {
    return this.#synced.signal.aborted;
  }

  /** Resolves when hasSynced becomes true; when it depends on a stop as well, race it with that. */
  waitForSync(): Promise<void> {
    return onceAborted(this.#synced.signal);
  }

  /** Follows the server until the signal is aborted; by then no connection or timer is left. Never rejects. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#follow(signal), this.#resync(signal)]);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random, backoff = { baseMs: 200, maxMs: 10_000 } } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      try {
        await this.#listAndWatch(signal);
      } catch (error) {
        if (isAborted(signal)) return;
        this.#log.warn('watch failed, will continue', { error, relist: this.#noteFailure(error) });
      }
      // However it ended, an attempt that was over at once must not be repeated at once: a server that closes every
      // watch cleanly would be asked hundreds of times a second.
      failures = clock.monotonic() - startedAt >= HEALTHY_WATCH_MS ? 0 : failures + 1;
      if (failures > 0) await sleptThrough(clock, backoffMs(failures - 1, { ...backoff, random }), signal);
    }
  }

  async #listAndWatch(signal: AbortSignal): Promise<void> {
    const { clock, relistMs = 600_000 } = this.#options;
    if (this.#resumeFrom === undefined || clock.monotonic() - this.#listedAtMs >= relistMs) {
      const { items, resourceVersion } = await this.#options.source.list(signal);
      if (isAborted(signal)) return;
      this.#options.observer?.listed();
      this.#replaceCache(items);
      this.#resumeFrom = resourceVersion;
      this.#listedAtMs = clock.monotonic();
      this.#synced.abort();
    }
    await this.#watch(this.#resumeFrom, signal);
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { clock, source, observer, watchTimeoutMs = 30_000, inactivityMs = watchTimeoutMs + 5_000 } = this.#options;
    const watch = linkAbort(signal);
    let activeAtMs = clock.monotonic();
    const watchdog = async (): Promise<void> => {
      for (;;) {
        const silentMs = clock.monotonic() - activeAtMs;
        if (silentMs >= inactivityMs) break;
        if (!(await sleptThrough(clock, inactivityMs - silentMs, watch.signal))) return;
      }
      watch.abort(new ReasonedError('WatchSilent', `nothing came over the watch for ${inactivityMs} ms`));
    };
    const guard = watchdog();
    let failed = true;
    observer?.watchBegan();
    try {
      for await (const event of source.watch(resourceVersion, { timeoutMs: watchTimeoutMs, signal: watch.signal })) {
        if (isAborted(watch.signal)) break;
        activeAtMs = clock.monotonic();
        this.#apply(event);
      }
      failed = false;
    } finally {
      observer?.watchEnded(failed);
      watch.abort();
      watch.release();
      await guard;
    }
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'bookmark') {
      this.#resumeFrom = event.resourceVersion;
      return;
    }
    if (event.type === 'deleted') this.#remove(event.object.key);
    else this.#store(event.object);
    this.#resumeFrom = event.object.resourceVersion;
    this.#announce(event.object.key);
  }

  /** Puts a fresh list in the cache's place and announces every difference, the disappeared ones too. */
  #replaceCache(items: readonly Versioned<T>[]): void {
    const changed = new Set(this.#cache.keys());
    for (const item of items) {
      if (this.#cache.get(item.key)?.resourceVersion === item.resourceVersion) {
        changed.delete(item.key);
      } else {
        this.#store(item);
        changed.add(item.key);
      }
    }
    const present = new Set(items.map(({ key }) => key));
    for (const key of changed) if (!present.has(key)) this.#remove(key);
    for (const key of changed) this.#announce(key);
  }

  #store(object: Versioned<T>): void {
    const { key, parsed } = object;
    this.#cache.set(key, object);
    if (parsed.ok) this.#values.set(key, parsed.value);
    else this.#log.error('object cannot be read, ignoring its change', { key, error: parsed.error });
  }

  #remove(key: string): void {
    this.#cache.delete(key);
    this.#values.delete(key);
  }

  #announce(key: string): void {
    for (const handler of this.#handlers) {
      try {
        handler(key);
      } catch (error) {
        this.#log.error('change handler failed', { key, error });
      }
    }
  }

  /** What a failed attempt means for the next one: true when it must begin with a list. */
  #noteFailure(error: unknown): boolean {
    if (error instanceof ResourceExpiredError) this.#resumeFrom = undefined;
    return this.#resumeFrom === undefined;
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { clock, resyncMs = 600_000 } = this.#options;
    while (await sleptThrough(clock, resyncMs, signal)) {
      for (const key of [...this.#cache.keys()]) this.#announce(key);
    }
  }
}

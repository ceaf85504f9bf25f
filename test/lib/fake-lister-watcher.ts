import type { Clock } from '../../src/runtime/clock';
import { abortReason } from '../../src/runtime/clock';
import type {
  ListerWatcher,
  ListResult,
  Parsed,
  Versioned,
  WatchEvent,
  WatchOptions,
} from '../../src/runtime/lister-watcher';
import { ResourceExpiredError } from '../../src/runtime/lister-watcher';

/** A watch that is open: events go in, an end or an error closes it. */
interface OpenWatch {
  /** False once the network swallows what the server sends: a half-open connection. */
  connected: boolean;
  deliver(event: WatchEvent<string>): void;
  end(error?: Error): void;
}

/** A server of strings by key, with the faults that networks and API servers have. */
export class FakeListerWatcher implements ListerWatcher<string> {
  /** What the server has. */
  readonly objects = new Map<string, Versioned<string>>();
  readonly #clock: Clock;
  readonly #history: { version: number; event: WatchEvent<string> }[] = [];
  readonly #open = new Set<OpenWatch>();
  #version = 0;
  #compactedUpTo = 0;
  /** Calls so far. */
  lists = 0;
  watches = 0;
  /** Lists and watches fail while this is set, as when the server is away. */
  outage: Error | undefined;
  /** Every watch is ended cleanly as soon as it is open. */
  endsWatchesAtOnce = false;
  /** Watches that are opened from now on are half-open from the beginning. */
  swallowsEverything = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get openWatches(): number {
    return this.#open.size;
  }

  put(key: string, value: string): void {
    this.#putParsed(key, { ok: true, value });
  }

  /** An object that does not fit the schema. */
  putUnreadable(key: string): void {
    this.#putParsed(key, { ok: false, error: new Error('not what the schema promises') });
  }

  remove(key: string): void {
    const object = this.objects.get(key);
    if (object === undefined) return;
    this.objects.delete(key);
    this.#publish({ type: 'deleted', object: { ...object, resourceVersion: this.#nextVersion() } });
  }

  /** Something changed that this watch does not select. */
  changeElsewhere(): void {
    this.#nextVersion();
  }

  bookmark(): void {
    for (const watch of this.#open) {
      if (watch.connected) watch.deliver({ type: 'bookmark', resourceVersion: String(this.#version) });
    }
  }

  /** Every connection breaks. */
  cut(error: Error = new Error('ECONNRESET')): void {
    for (const watch of [...this.#open]) watch.end(error);
  }

  /** Every open connection goes silent, without an end. */
  swallow(): void {
    for (const watch of this.#open) watch.connected = false;
  }

  /** The server forgets its history: nobody can continue from before. */
  compact(): void {
    this.#compactedUpTo = this.#version;
    for (const watch of [...this.#open]) if (watch.connected) watch.end(new ResourceExpiredError('compacted'));
  }

  async list(): Promise<ListResult<string>> {
    this.lists += 1;
    await Promise.resolve();
    if (this.outage !== undefined) throw this.outage;
    return { items: [...this.objects.values()], resourceVersion: String(this.#version) };
  }

  async *watch(
    resourceVersion: string,
    { timeoutMs, signal }: WatchOptions,
  ): AsyncGenerator<WatchEvent<string>, void, undefined> {
    this.watches += 1;
    await Promise.resolve();
    signal.throwIfAborted();
    if (this.outage !== undefined) throw this.outage;
    const from = Number(resourceVersion);
    if (from < this.#compactedUpTo) throw new ResourceExpiredError('too old');
    const queue: WatchEvent<string>[] = [];
    if (!this.swallowsEverything) {
      queue.push(...this.#history.filter(({ version }) => version > from).map(({ event }) => event));
    }
    let closed: { error: Error | undefined } | undefined;
    let wake = (): void => undefined;
    const watch: OpenWatch = {
      connected: !this.swallowsEverything,
      deliver: (event) => {
        queue.push(event);
        wake();
      },
      end: (error) => {
        closed ??= { error };
        this.#open.delete(watch);
        wake();
      },
    };
    const onAbort = (): void => {
      watch.end(abortReason(signal));
    };
    const finished = new AbortController();
    this.#open.add(watch);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#clock.sleep(timeoutMs, finished.signal).then(
      () => {
        if (watch.connected) watch.end();
      },
      () => undefined,
    );
    if (this.endsWatchesAtOnce) watch.end();
    try {
      for (;;) {
        for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event;
        const end: { error: Error | undefined } | undefined = closed;
        if (end?.error !== undefined) throw end.error;
        if (end !== undefined) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#open.delete(watch);
      finished.abort();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #putParsed(key: string, parsed: Parsed<string>): void {
    const object = { key, resourceVersion: this.#nextVersion(), parsed };
    this.objects.set(key, object);
    this.#publish({ type: 'changed', object });
  }

  #publish(event: WatchEvent<string>): void {
    this.#history.push({ version: this.#version, event });
    for (const watch of this.#open) if (watch.connected) watch.deliver(event);
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

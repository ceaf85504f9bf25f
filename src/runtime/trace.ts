import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from './clock';

/** One call that was made while a recording went on. */
export interface Span {
  /** `<object>.<method>`, or the program that ran: nothing that the call was given. */
  readonly name: string;
  /** Milliseconds since the epoch, the node's clock. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Index of the call that made this one. */
  readonly within: number | undefined;
  readonly failed: boolean;
}

interface OpenSpan {
  readonly name: string;
  readonly startedAt: number;
  readonly within: number | undefined;
  durationMs: number | undefined;
  failed: boolean;
}

/** More calls than this are counted and not kept: a step that is tried again for hours must not grow. */
export const MAX_SPANS = 1_000;

/** The calls that are made on behalf of one thing, in the order in which they began. */
export class Recording {
  readonly #clock: Clock;
  readonly #spans: OpenSpan[] = [];
  /** Wall clock minus monotonic clock: the former is cut to whole milliseconds, so the largest difference is the best. */
  #offsetMs = -Infinity;
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many calls are kept. */
  get length(): number {
    return this.#spans.length;
  }

  /** How many calls were left out because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Index of the call that begins now; undefined when it is left out. */
  begin(name: string, within: number | undefined): number | undefined {
    const startedAt = this.#clock.monotonic();
    this.#offsetMs = Math.max(this.#offsetMs, this.#clock.now() - startedAt);
    return this.#keep({ name, startedAt, within, durationMs: undefined, failed: false });
  }

  end(index: number | undefined, failed: boolean): void {
    const span = index === undefined ? undefined : this.#spans[index];
    if (span === undefined) return;
    span.durationMs = this.#clock.monotonic() - span.startedAt;
    span.failed = failed;
  }

  /** A part that somebody else timed, by the node's wall clock. */
  add(name: string, startMs: number, durationMs: number, within: number | undefined): void {
    if (this.#offsetMs === -Infinity) this.#offsetMs = this.#clock.now() - this.#clock.monotonic();
    this.#keep({ name, startedAt: startMs - this.#offsetMs, within, durationMs, failed: false });
  }

  /** All calls so far; one that has not ended lasts until now. */
  spans(): Span[] {
    const now = this.#clock.monotonic();
    return this.#spans.map(({ name, startedAt, within, durationMs, failed }) => ({
      name,
      startMs: startedAt + this.#offsetMs,
      durationMs: Math.max(0, durationMs ?? now - startedAt),
      within,
      failed,
    }));
  }

  #keep(span: OpenSpan): number | undefined {
    if (this.#spans.length >= MAX_SPANS) {
      this.#dropped++;
      return undefined;
    }
    return this.#spans.push(span) - 1;
  }
}

interface Current {
  readonly recording: Recording;
  /** The call that is being made. */
  readonly within: number | undefined;
}

/** What is recorded follows the work through every await, and costs nothing where nothing is recorded. */
const current = new AsyncLocalStorage<Current>();

/** Does some work, all calls of which are recorded. */
export function recorded<T>(recording: Recording, work: () => Promise<T>): Promise<T> {
  return current.run({ recording, within: undefined }, work);
}

/** Records the work as one call, when it is part of something that is recorded. */
export async function span<T>(name: string, work: () => Promise<T>): Promise<T> {
  const outer = current.getStore();
  if (outer === undefined) return work();
  const { recording } = outer;
  const index = recording.begin(name, outer.within);
  let failed = true;
  try {
    const result = await current.run({ recording, within: index ?? outer.within }, work);
    failed = false;
    return result;
  } finally {
    recording.end(index, failed);
  }
}

/** Adds what somebody else timed, by the node's wall clock, to what is recorded just now; nothing when nothing is. */
export function addSpan(name: string, startMs: number, durationMs: number): void {
  const outer = current.getStore();
  outer?.recording.add(name, startMs, durationMs, outer.within);
}

/**
 * The object with each of its methods recorded as a call, `<name>.<method>`.
 * @param sync its methods that return no promise, which are passed through
 * @param label what the call is called instead, from what it is given
 */
export function traced<T extends object>(
  name: string,
  object: T,
  sync: readonly (keyof T)[] = [],
  label: (method: string, args: readonly unknown[]) => string = (method) => `${name}.${method}`,
): T {
  return new Proxy(object, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property === 'symbol') return value;
      const call = value as (...args: unknown[]) => Promise<unknown>;
      // Bound to the object behind the proxy: private fields are not the proxy's.
      if (sync.includes(property as keyof T)) return call.bind(target);
      return (...args: unknown[]): Promise<unknown> => span(label(property, args), () => call.apply(target, args));
    },
  });
}

import type { Clock } from './clock';
import { abortReason } from './clock';
import { ReasonedError } from './errors';

/** An AbortController that also follows a parent signal, until it is released. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  /** Stops following the parent. Must be called, or the listener lives as long as the parent. */
  release(): void;
}

/** Links a new AbortController to `parent`: it aborts when the parent does, never the other way round. */
export function linkAbort(parent: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController();
  const follow = (): void => {
    controller.abort(parent?.reason);
  };
  if (parent?.aborted === true) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => {
      controller.abort(reason);
    },
    release: () => parent?.removeEventListener('abort', follow),
  };
}

/** Rejects as soon as the signal is aborted, even when the work ignores it; else settles as the work does. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(abortReason(signal));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // The loser of the race must not become an unhandled rejection.
    work.catch(() => undefined);
    aborted.catch(() => undefined);
  }
}

/**
 * Runs `work` with a signal that is aborted after `ms`. When the time is over it rejects with a `DeadlineExceeded`
 * ReasonedError, even when the work ignores its signal.
 */
export async function withDeadline<T>(
  options: { clock: Clock; ms: number; what: string; signal?: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = linkAbort(options.signal);
  const timer = new AbortController();
  options.clock.sleep(options.ms, timer.signal).then(
    () => {
      limit.abort(new ReasonedError('DeadlineExceeded', `${options.what} took longer than ${options.ms} ms`));
    },
    () => undefined,
  );
  try {
    return await untilAborted(work(limit.signal), limit.signal);
  } finally {
    timer.abort();
    limit.release();
  }
}

/** Sleeps until the time is over or the signal is aborted; true when the time is over. Never rejects. */
export async function sleptThrough(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the signal is aborted. */
export function onceAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      resolve();
    };
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Whether the signal is aborted by now. A function, because the compiler believes that a property which it has seen
 * false stays false across an await.
 */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

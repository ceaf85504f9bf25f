import { randomUUID } from 'node:crypto';
import type { Clock } from './clock';
import { onceAborted, sleptThrough } from './deadline';
import { isTerminal } from './errors';
import type { Logger } from './log';
import type { WorkQueue } from './work-queue';

/** What a reconcile is given besides the key. */
export interface ReconcileContext {
  /** Aborted when the program stops; the reconcile should return soon. */
  readonly signal: AbortSignal;
  /** Carries the key and an ID of this one reconcile. */
  readonly log: Logger;
}

/** What a reconcile that did not fail asks for. */
export interface Result {
  /** Look at the key again after this time, whether or not anything changes. */
  requeueAfterMs?: number | undefined;
}

/** Brings the world closer to what the object of that key wants. Knows nothing of the event that led to the call. */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

/** How a reconcile ended: `retry` failed and is tried again, `terminal` failed for good, `interrupted` by a stop. */
export type ReconcileOutcome = 'success' | 'retry' | 'terminal' | 'interrupted';

export interface ControllerLoopOptions {
  /** In every log line of the loop. */
  name: string;
  queue: WorkQueue;
  reconcile: Reconcile;
  clock: Clock;
  log: Logger;
  /** Under which name the key stands in the log. Default `key`. */
  keyField?: string;
  /** How many keys are processed at the same time. Default 1. */
  workers?: number;
  /** A reconcile that runs longer is mentioned in the log. Default 60 s. */
  slowAfterMs?: number;
  /** How long a stop waits for running reconciles. Default 10 s. */
  drainDeadlineMs?: number;
  /** Told of every reconcile that ended, for metrics. */
  onReconciled?: (outcome: ReconcileOutcome, durationMs: number) => void;
}

/**
 * Processes keys until the signal is aborted, then returns when the running reconciles have ended or the drain deadline
 * is over. Retry policy (controller-runtime, pkg/internal/controller `reconcileHandler`):
 * result → forget, and again after `requeueAfterMs` if given; TerminalError → logged once, not retried; any other
 * error → again after a wait that doubles.
 */
export async function runControllerLoop(options: ControllerLoopOptions, signal: AbortSignal): Promise<void> {
  const { queue, log } = options;
  // Not awaited: a reconcile that ignores its signal must not hold up the stop beyond the deadline.
  for (let i = 0; i < (options.workers ?? 1); i++) void runWorker(options, signal);
  await onceAborted(signal);
  const drained = await queue.shutdown(options.drainDeadlineMs ?? 10_000);
  if (!drained) log.warn('stopped while reconciles were still running', { controller: options.name });
}

async function runWorker(options: ControllerLoopOptions, signal: AbortSignal): Promise<void> {
  const { queue } = options;
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    try {
      await processKey(key, options, signal);
    } finally {
      queue.done(key);
    }
  }
}

async function processKey(key: string, options: ControllerLoopOptions, signal: AbortSignal): Promise<void> {
  const { queue, clock } = options;
  const log = options.log.child({
    controller: options.name,
    [options.keyField ?? 'key']: key,
    reconcileID: randomUUID(),
  });
  const startedAt = clock.monotonic();
  const finished = new AbortController();
  void warnWhenSlow(options, log, finished.signal);
  let outcome: ReconcileOutcome = 'success';
  try {
    const { requeueAfterMs } = await options.reconcile(key, { signal, log });
    log.debug('reconciled', { durationMs: Math.round(clock.monotonic() - startedAt), requeueAfterMs });
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
  } catch (error) {
    if (isTerminal(error)) {
      outcome = 'terminal';
      log.error('reconcile failed for good', { error });
      queue.forget(key);
    } else if (signal.aborted) {
      outcome = 'interrupted';
      log.info('reconcile interrupted by the stop', { error });
    } else {
      outcome = 'retry';
      log.warn('reconcile failed, will retry', { error });
      queue.addRateLimited(key);
    }
  } finally {
    finished.abort();
    options.onReconciled?.(outcome, clock.monotonic() - startedAt);
  }
}

async function warnWhenSlow(options: ControllerLoopOptions, log: Logger, finished: AbortSignal): Promise<void> {
  const slowAfterMs = options.slowAfterMs ?? 60_000;
  if (await sleptThrough(options.clock, slowAfterMs, finished)) {
    log.warn('reconcile takes long', { runningForMs: slowAfterMs });
  }
}

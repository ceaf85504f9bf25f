import type { Clock } from './clock';
import { sleptThrough } from './deadline';
import type { Logger } from './log';

/** The part of `process` that a shutdown needs. */
export interface ProcessEvents {
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
  exit(code: number): unknown;
}

export interface ShutdownOptions {
  process: ProcessEvents;
  clock: Clock;
  log: Logger;
  /** How long everything may take to stop before the process exits with code 1. Default 20 s. */
  graceMs?: number;
}

export interface Shutdown {
  /** Aborted when the program should stop. */
  readonly signal: AbortSignal;
  /** Everything has stopped: takes the handlers and the deadline away, so that the process can end by itself. */
  complete(): void;
}

/**
 * Makes SIGTERM and SIGINT abort one signal. A second one exits at once, and so does the end of the grace period.
 * What nobody caught (an exception or a rejection) is logged and exits with code 1.
 */
export function installShutdown(options: ShutdownOptions): Shutdown {
  const { process, clock, log, graceMs = 20_000 } = options;
  const stop = new AbortController();
  const completed = new AbortController();

  const enforceDeadline = async (): Promise<void> => {
    if (!(await sleptThrough(clock, graceMs, completed.signal))) return;
    log.error('did not stop in time, exiting', { graceMs });
    process.exit(1);
  };
  const onSignal = (name: unknown): void => {
    if (stop.signal.aborted) {
      log.warn('second signal, exiting at once', { signal: name });
      process.exit(1);
      return;
    }
    log.info('stopping', { signal: name });
    stop.abort(new Error(`stopped by ${String(name)}`));
    void enforceDeadline();
  };
  const dieOf = (message: string) => {
    return (error: unknown): void => {
      log.error(message, { error });
      process.exit(1);
    };
  };

  const handlers: [string, (value: unknown) => void][] = [
    ['SIGTERM', onSignal],
    ['SIGINT', onSignal],
    ['uncaughtException', dieOf('exception that nobody caught')],
    ['unhandledRejection', dieOf('rejection that nobody handled')],
  ];
  for (const [event, handler] of handlers) process.on(event, handler);
  return {
    signal: stop.signal,
    complete: () => {
      completed.abort();
      for (const [event, handler] of handlers) process.off(event, handler);
    },
  };
}

/**
 * A failure that is part of the interface: it has a stable, CamelCase `reason` that tools may match, and a message
 * that tells a person what is wrong and what to do. The cause is chained, never swallowed.
 */
export class ReasonedError extends Error {
  /** Stable CamelCase word, the same that conditions and Events carry. */
  readonly reason: string;
  /** The end of the log that belongs to the failure, for a person to read. */
  readonly logTail: string | undefined;

  constructor(reason: string, message: string, options: { cause?: unknown; logTail?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ReasonedError';
    this.reason = reason;
    this.logTail = options.logTail;
  }
}

/** Failing again is certain until something outside changes: not retried. */
export class TerminalError extends ReasonedError {
  override readonly name = 'TerminalError';
}

/** True for errors that will fail again however often they are retried. */
export function isTerminal(error: unknown): error is TerminalError {
  return error instanceof TerminalError;
}

/** The message of an unknown thrown value, with the messages of its causes: `outer: inner: innermost`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  return cause === undefined ? error.message : `${error.message}: ${describeError(cause)}`;
}

/** The reason of a reasoned error, or the given one for an error that nobody has named yet. */
export function reasonOf(error: unknown, fallback: string): string {
  return error instanceof ReasonedError ? error.reason : fallback;
}

/** True for an error of the operating system with that code, such as ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

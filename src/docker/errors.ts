import { ReasonedError, describeError } from '../runtime/errors';

/** Codes of node:net that mean: the daemon is not there, or went away in the middle. */
const UNREACHABLE = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EACCES', 'ENOTSOCK']);

/** The HTTP status with which Docker refused a call; undefined when the call failed in another way. */
export function refusedStatus(error: unknown): number | undefined {
  return error instanceof ReasonedError ? statusOf(error.cause) : undefined;
}

/**
 * What a failed call means, as an error with a reason.
 * @param what the call as a sentence goes on: `Docker cannot <what>`
 */
export function engineError(what: string, socketPath: string, error: unknown): ReasonedError {
  if (error instanceof ReasonedError) {
    if (error.reason !== 'DeadlineExceeded') return error;
    return new ReasonedError('EngineTimedOut', `Docker did not ${what} in time: ${error.message}`, { cause: error });
  }
  if (statusOf(error) !== undefined) {
    return new ReasonedError(refusal(error), `Docker cannot ${what}: ${messageOf(error)}`, { cause: error });
  }
  const code = property(error, 'code');
  if (typeof code === 'string' && UNREACHABLE.has(code)) {
    return new ReasonedError(
      'EngineUnreachable',
      `Docker cannot be reached at ${socketPath} (${code}): look whether dockerd runs on this node`,
      { cause: error },
    );
  }
  return new ReasonedError('EngineFailed', `the call to ${what} failed: ${describeError(error)}`, { cause: error });
}

/** Docker tells by its words alone what the same status means. Read on 28.5.2; anything else stays `EngineRefused`. */
function refusal(error: unknown): string {
  const status = statusOf(error);
  const message = messageOf(error);
  if (status === 404 && message.startsWith('No such image')) return 'ImageMissing';
  if (status === 404 && message.startsWith('No such container')) return 'ContainerNotFound';
  if (status === 400 && message.startsWith('multiple IDs found')) return 'ContainerAmbiguous';
  if (status === 409 && /\bname\b.*\balready in use\b/.test(message)) return 'NameTaken';
  return 'EngineRefused';
}

function statusOf(error: unknown): number | undefined {
  const status = property(error, 'statusCode');
  return typeof status === 'number' ? status : undefined;
}

/** Docker's own words, without what docker-modem puts around them. */
function messageOf(error: unknown): string {
  const answer = property(property(error, 'json'), 'message');
  return typeof answer === 'string' ? answer : describeError(error);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

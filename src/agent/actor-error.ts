import type { ActorError } from '../api/types';
import { describeError, ReasonedError } from '../runtime/errors';

/** Enough of a log to see the cause, not so much that the object grows. */
const LOG_TAIL_CHARACTERS = 2000;

/** A failure as the object's status carries it. */
export function actorError(error: unknown): ActorError {
  if (!(error instanceof ReasonedError)) return { reason: 'InternalError', message: describeError(error) };
  return {
    reason: error.reason,
    message: describeError(error),
    ...(error.logTail === undefined ? {} : { logTail: error.logTail.slice(-LOG_TAIL_CHARACTERS) }),
  };
}

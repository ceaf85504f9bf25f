import { refusedStatus } from '../docker/errors';
import { KubeError } from '../kube/errors';
import { describeError, hasCode, ReasonedError } from '../runtime/errors';
import { isPassingVolumeFault } from '../store/volume-errors';

/** Reasons that may not come again when the same is tried once more. */
const PASSING = new Set([
  // dockerd or its machine is away, or busy.
  'EngineUnreachable',
  'EngineTimedOut',
  // Somebody killed criu or runc, the kernel short of memory above all; or the container ran on because of that.
  'CriuKilled',
  'NotFrozen',
  'RestoreInterrupted',
  // Somebody rotated or removed a file of the log at that very moment.
  'LogsNotSaved',
  // A thread of the agent's ended, short of memory above all; the next try begins another.
  'DigestNotTaken',
  // A registry or the network to it is away; a save that Docker broke off in its middle.
  'ImagePullFailed',
  'ImageNotSaved',
  // The client whose connection was in flight has arrived by the next time.
  'ConnectionsInFlight',
  // The connection came after the preflight, and may be gone by the next time.
  'ConnectionsNotKeepable',
  // It took its first lock right after it was looked at: the next dump is told so.
  'FileLocks',
]);

/** Reasons that say who failed, but not of what: that is in the cause. */
const CARRIERS = new Set(['StartFailed', 'RuncFailed', 'EngineFailed', 'CommandNotStarted']);

/** Codes of a connection to dockerd, or of a machine short of something, that name no lasting trouble. */
const PASSING_CODES = ['ECONNABORTED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'];

/**
 * What dockerd says with status 500 when its containerd or the shim is away, or when it is ending itself. Read on
 * 28.5.2 with containerd killed in the middle of a call.
 */
const PARTNER_AWAY =
  /error reading from server: EOF|connection (refused|reset|error)|broken pipe|transport is closing|ttrpc: closed|code = Unavailable|containerd\.sock|shutting down|context (deadline exceeded|canceled)/i;

/**
 * Whether a failure may pass by itself, so that the same step is worth another try. Everything that nobody has named is
 * taken for lasting: a migration that gives up is harmless, one that tries for ever is not.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof KubeError) return isPassingAnswer(error.statusCode);
  if (!(error instanceof ReasonedError)) return PASSING_CODES.some((code) => hasCode(error, code));
  if (PASSING.has(error.reason) || isPassingVolumeFault(error.reason)) return true;
  if (error.reason === 'EngineRefused' || error.reason === 'ImageNotLoaded') return isPartnerAway(error);
  return CARRIERS.has(error.reason) && isTransient(error.cause);
}

/** No answer came at all, the server has trouble of its own, or asks for patience. */
function isPassingAnswer(statusCode: number | undefined): boolean {
  return statusCode === undefined || statusCode >= 500 || statusCode === 408 || statusCode === 429;
}

function isPartnerAway(error: ReasonedError): boolean {
  const status = refusedStatus(error) ?? 0;
  return status === 503 || (status >= 500 && PARTNER_AWAY.test(describeError(error)));
}

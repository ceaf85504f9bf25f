import { ReasonedError } from '../runtime/errors';

/**
 * A call of the Kubernetes API that failed. `reason` is the API's own (`NotFound`, `Conflict`, `Invalid`…) or, when no
 * answer came, `ApiServerUnreachable` or `ApiServerTimeout`.
 */
export class KubeError extends ReasonedError {
  override readonly name = 'KubeError';
  /** The HTTP status, or undefined when no answer came. */
  readonly statusCode: number | undefined;

  constructor(reason: string, message: string, options: { statusCode?: number | undefined; cause?: unknown } = {}) {
    super(reason, message, { cause: options.cause });
    this.statusCode = options.statusCode;
  }
}

/** The error of an answer, whose body is a Status object or, from a proxy on the way, anything. */
export function errorOfAnswer(what: string, statusCode: number, body: string): KubeError {
  const status = parseStatus(body);
  const reason = status?.reason ?? REASONS_BY_CODE.get(statusCode) ?? `Http${statusCode}`;
  return new KubeError(reason, `${what}: ${status?.message ?? (body.slice(0, 500) || reason)}`, { statusCode });
}

/** The error of a Status object that came as an event of a watch. */
export function errorOfStatus(what: string, status: unknown): KubeError {
  const { code, reason, message } = statusFields(status);
  return new KubeError(reason ?? 'Unknown', `${what}: ${message ?? 'the server gave no message'}`, {
    statusCode: code,
  });
}

/** The error of a call to which no complete answer came. */
export function errorOfConnection(what: string, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause;
  const timedOut = cause instanceof ReasonedError && cause.reason === 'DeadlineExceeded';
  return timedOut
    ? new KubeError('ApiServerTimeout', `${what}: no answer in time`, { cause })
    : new KubeError('ApiServerUnreachable', `${what}: the connection to the API server failed`, { cause });
}

export function isNotFound(error: unknown): boolean {
  return hasCode(error, 404);
}

/** A precondition did not hold: somebody changed the object first. Also AlreadyExists has code 409 and is not this. */
export function isConflict(error: unknown): boolean {
  return hasCode(error, 409) && !isAlreadyExists(error);
}

export function isAlreadyExists(error: unknown): boolean {
  return hasCode(error, 409) && error instanceof KubeError && error.reason === 'AlreadyExists';
}

/** The resource version, or the rest of a list, is older than what the server remembers. */
export function isGone(error: unknown): boolean {
  return hasCode(error, 410);
}

/** For answers that are no Status object. */
const REASONS_BY_CODE = new Map([
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
]);

function hasCode(error: unknown, statusCode: number): boolean {
  return error instanceof KubeError && error.statusCode === statusCode;
}

interface StatusFields {
  code: number | undefined;
  reason: string | undefined;
  message: string | undefined;
}

function parseStatus(body: string): StatusFields | undefined {
  try {
    return statusFields(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** metav1.Status: `reason` and `message` may be absent or empty. */
function statusFields(status: unknown): StatusFields {
  const { code, reason, message }: Record<string, unknown> =
    typeof status === 'object' && status !== null ? { ...status } : {};
  return {
    code: typeof code === 'number' ? code : undefined,
    reason: typeof reason === 'string' && reason !== '' ? reason : undefined,
    message: typeof message === 'string' && message !== '' ? message : undefined,
  };
}

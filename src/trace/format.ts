import Ajv from 'ajv';
import { ReasonedError } from '../runtime/errors';
import { MAX_SPANS } from '../runtime/trace';
import { parseUntrustedJson } from '../runtime/untrusted-json';

/** Which agent made the calls. */
export type TraceRole = 'source' | 'target';

/** One call, with the node's clock. */
export interface TraceCall {
  readonly name: string;
  /** Microseconds since the epoch. */
  readonly startMicroseconds: number;
  readonly durationMicroseconds: number;
  /** Index of the call that made this one, which stands before it. */
  readonly within?: number;
  readonly failed?: true;
}

/** What one agent did in the freeze window of one migration, as it lies on the volume. */
export interface Trace {
  readonly version: 1;
  readonly namespace: string;
  readonly migration: string;
  readonly uid: string;
  readonly attempt: number;
  readonly node: string;
  readonly role: TraceRole;
  /** How the node's clock stands against the volume's, as far as that was measured. */
  readonly clock?: { readonly offsetMicroseconds: number; readonly errorMicroseconds: number };
  /** Moments that the object's status names, by their field: RFC 3339, the node's clock. */
  readonly moments: Readonly<Record<string, string>>;
  /** Calls that were left out because there were too many. */
  readonly dropped: number;
  readonly calls: readonly TraceCall[];
}

/** A file of as many calls as are ever recorded is smaller. */
export const MAX_TRACE_BYTES = 512 * 1024;

const text = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength });
const object = (properties: Record<string, object>, optional: readonly string[] = []): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const integer = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const isTrace = new Ajv().compile<Trace>(
  object(
    {
      version: { const: 1 },
      namespace: text(63),
      migration: text(253),
      uid: text(36),
      attempt: integer,
      node: text(253),
      role: { enum: ['source', 'target'] },
      clock: object({ offsetMicroseconds: { type: 'integer' }, errorMicroseconds: integer }),
      moments: { type: 'object', maxProperties: 20, additionalProperties: text(40) },
      dropped: integer,
      calls: {
        type: 'array',
        maxItems: MAX_SPANS,
        items: object(
          {
            name: text(100),
            startMicroseconds: integer,
            durationMicroseconds: integer,
            within: integer,
            failed: { const: true },
          },
          ['within', 'failed'],
        ),
      },
    },
    ['clock'],
  ),
);

/** The trace as the bytes of its file. */
export function formatTrace(trace: Trace): string {
  return `${JSON.stringify(trace)}\n`;
}

/**
 * Reads what lies on the volume, where anybody may have written it.
 * @throws ReasonedError TraceInvalid
 */
export function parseTrace(bytes: string): Trace {
  let value: unknown;
  try {
    value = parseUntrustedJson(bytes);
  } catch (cause) {
    throw new ReasonedError('TraceInvalid', 'the trace is no JSON', { cause });
  }
  if (!isTrace(value)) {
    const [first] = isTrace.errors ?? [];
    throw new ReasonedError('TraceInvalid', `the trace${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}`);
  }
  if (value.calls.some(({ within = -1 }, index) => within >= index)) {
    throw new ReasonedError('TraceInvalid', 'a call of the trace was made by one that began later');
  }
  return value;
}

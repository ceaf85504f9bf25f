import Docker from 'dockerode';
import { Agent } from 'node:http';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import type { ReasonedError } from '../runtime/errors';
import { engineError, refusedStatus } from './errors';

/** Which daemon is asked, and for how long. */
export interface DockerCallOptions {
  /** Path of the daemon's socket. */
  readonly socketPath: string;
  /** Deadline of every call that does not say its own; 15 s when absent. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** What dockerode is to send, said outright: left to itself it puts one object into the query and the body alike. */
export interface DockerRequest {
  readonly abortSignal: AbortSignal;
  readonly _query: Readonly<Record<string, unknown>>;
  /** An empty one is sent as no body at all: Docker refuses a `start` that has one. */
  readonly _body: Readonly<Record<string, unknown>>;
}

export function request(
  abortSignal: AbortSignal,
  parts: { readonly query?: DockerRequest['_query']; readonly body?: DockerRequest['_body'] } = {},
): DockerRequest {
  return { abortSignal, _query: parts.query ?? {}, _body: parts.body ?? {} };
}

/** Calls to the daemon behind a Unix socket. Nothing is sent before the first. */
export class DockerCalls {
  readonly timeoutMs: number;
  readonly #socketPath: string;
  readonly #clock: Clock;

  constructor({ socketPath, timeoutMs = 15_000, clock = systemClock }: DockerCallOptions) {
    this.timeoutMs = timeoutMs;
    this.#socketPath = socketPath;
    this.#clock = clock;
  }

  connect(): Docker {
    // Without the first two, DOCKER_HOST and DOCKER_CLIENT_TIMEOUT of our environment would win over the socket.
    // A kept connection would fail the first call after a restart of the daemon.
    const agent = new Agent({ keepAlive: false });
    const options = { host: undefined, timeout: undefined, socketPath: this.#socketPath, agent };
    return new Docker(options);
  }

  /** One call under a deadline; every failure of it is an error with a reason. */
  async call<T>(what: string, send: (signal: AbortSignal) => Promise<T>, timeoutMs = this.timeoutMs): Promise<T> {
    try {
      return await withDeadline({ clock: this.#clock, ms: timeoutMs, what: `the call to ${what}` }, send);
    } catch (error) {
      throw this.failure(what, error);
    }
  }

  /** The same; undefined when Docker does not have what is asked about. */
  async unlessMissing<T>(what: string, send: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.call(what, send);
    } catch (error) {
      if (refusedStatus(error) === 404) return undefined;
      throw error;
    }
  }

  failure(what: string, error: unknown): ReasonedError {
    return engineError(what, this.#socketPath, error);
  }
}

/** One call of the Kubernetes API, as far down as the rest of the program looks. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, without the server: `/api/v1/nodes`. */
  readonly path: string;
  /** Absent values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; application/json when absent. A patch says here which kind it is. */
  readonly contentType?: string;
  /** How long the whole call may take; the client's default when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called right before the request goes out, when nothing that takes time is left to do; what it throws calls it off. */
  readonly beforeSend?: (() => void) | undefined;
}

/** A way to the API server. Everything rejects with KubeError. */
export interface KubeTransport {
  /** Sends the request and gives back the parsed JSON of the answer. */
  request(request: KubeRequest): Promise<unknown>;
  /**
   * Sends the request and gives back the parsed JSON of one line after the other, as a watch does. Has no timeout; ends
   * when the server ends it, rejects when the connection breaks or the signal is aborted.
   */
  stream(request: KubeRequest & { readonly signal: AbortSignal }): AsyncIterable<unknown>;
}

/** Content types of patches (kubernetes.io, "API concepts"). */
export const MERGE_PATCH = 'application/merge-patch+json';
/** JSON is YAML, so an apply is sent as JSON under this name. */
export const APPLY_PATCH = 'application/apply-patch+yaml';

import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, request as send } from 'undici';
import type { Dispatcher } from 'undici';
import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { errorOfAnswer, errorOfConnection, KubeError } from './errors';
import { parseJson, readJsonLines } from './json-lines';
import type { KubeRequest, KubeTransport } from './transport';

export interface KubeClientOptions {
  clock: Clock;
  /** Of the kubeconfig file; the Pod's own ServiceAccount when absent. */
  kubeconfigPath?: string;
  /** Sent with every request: shows in the API server's audit log. */
  userAgent: string;
  /** How long a call may take unless it says otherwise. Watches have no such limit. Default 30 s. */
  requestTimeoutMs?: number;
  /**
   * Told of every call, for metrics, as soon as the server began to answer or none came: the HTTP method, or `WATCH`;
   * the status, or `none`; how long that took.
   */
  onAnswer?: (verb: string, code: string, durationMs: number) => void;
}

/** Before the kernel asks an idle connection for a sign of life: shorter than the limits of load balancers (60 s). */
const KEEP_ALIVE_MS = 30_000;

export interface KubeClient extends KubeTransport {
  /** Closes all connections; calls in flight fail. */
  close(): Promise<void>;
}

/**
 * The one place that talks to an API server. @kubernetes/client-node reads the kubeconfig and keeps the credentials
 * fresh (token files, exec plugins); the requests are sent with undici directly, over one connection pool, because the
 * library makes a new pool for every request.
 * Throws KubeError `InvalidKubeconfig` when the file cannot be used.
 */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  return new UndiciKubeClient(loadConfig(options.kubeconfigPath), options);
}

function loadConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromCluster();
    else config.loadFromFile(path);
  } catch (cause) {
    throw new KubeError('InvalidKubeconfig', `the kubeconfig ${path ?? 'of the Pod'} cannot be read`, { cause });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new KubeError('InvalidKubeconfig', `the kubeconfig ${path ?? 'of the Pod'} names no current cluster`);
  }
  if (cluster.proxyUrl !== undefined) {
    throw new KubeError('InvalidKubeconfig', 'the kubeconfig asks for a proxy (proxy-url), which is not supported');
  }
  return config;
}

class UndiciKubeClient implements KubeClient {
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #onAnswer: KubeClientOptions['onAnswer'];
  #pool: { fingerprint: string; agent: Agent } | undefined;

  constructor(config: KubeConfig, options: KubeClientOptions) {
    this.#config = config;
    this.#clock = options.clock;
    this.#userAgent = options.userAgent;
    this.#timeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#onAnswer = options.onAnswer;
  }

  async request(request: KubeRequest): Promise<unknown> {
    const what = `${request.method} ${request.path}`;
    const limits = { clock: this.#clock, ms: request.timeoutMs ?? this.#timeoutMs, what, signal: request.signal };
    try {
      return await withDeadline(limits, async (signal) => {
        const { statusCode, body } = await this.#measured(request.method, () => this.#send(request, signal));
        const text = await body.text();
        if (statusCode >= 400) throw errorOfAnswer(what, statusCode, text);
        return parseJson(what, text);
      });
    } catch (error) {
      throw errorOfConnection(what, error);
    }
  }

  async *stream(request: KubeRequest & { readonly signal: AbortSignal }): AsyncGenerator<unknown, void, undefined> {
    const what = `${request.method} ${request.path}`;
    try {
      const { statusCode, body } = await this.#measured('WATCH', () => this.#send(request, request.signal));
      if (statusCode >= 400) throw errorOfAnswer(what, statusCode, await body.text());
      yield* readJsonLines(what, body);
    } catch (error) {
      throw errorOfConnection(what, error);
    }
  }

  async close(): Promise<void> {
    await this.#pool?.agent.destroy();
  }

  async #measured(verb: string, send: () => Promise<Dispatcher.ResponseData>): Promise<Dispatcher.ResponseData> {
    const startedAt = this.#clock.monotonic();
    let code = 'none';
    try {
      const answer = await send();
      code = String(answer.statusCode);
      return answer;
    } finally {
      this.#onAnswer?.(verb, code, this.#clock.monotonic() - startedAt);
    }
  }

  async #send(request: KubeRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const cluster = this.#config.getCurrentCluster();
    const url = new URL((cluster?.server ?? '').replace(/\/$/, '') + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const credentials: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(credentials);
    signal.throwIfAborted();
    request.beforeSend?.();
    return send(url, {
      method: request.method,
      headers: {
        ...stringHeaders(credentials.headers),
        ...(typeof credentials.auth === 'string' ? { Authorization: basicAuth(credentials.auth) } : {}),
        Accept: 'application/json',
        'User-Agent': this.#userAgent,
        ...(request.body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      dispatcher: this.#poolFor(credentials),
      signal,
    });
  }

  /** The connection pool; a new one only when the credentials in its connections changed. */
  #poolFor(credentials: RequestOptions): Agent {
    const tls = tlsOf(credentials);
    const fingerprint = createHash('sha256').update(JSON.stringify(tls)).digest('hex');
    if (this.#pool?.fingerprint === fingerprint) return this.#pool.agent;
    // Calls in flight end over the old pool, watches too: close waits for them.
    void this.#pool?.agent.close();
    const agent = new Agent({
      connect: { ...tls, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      // One connection per call at a time: with HTTP/2 one dead connection would take all watches with it.
      allowH2: false,
      // The limits are ours: a deadline per call, and the informer's watchdog for watches.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#pool = { fingerprint, agent };
    return agent;
  }
}

type Pem = string | Buffer;

interface TlsOptions {
  ca?: Pem;
  cert?: Pem;
  key?: Pem;
  rejectUnauthorized?: boolean;
  servername?: string;
}

/** What the kubeconfig says of TLS; the library gives certificates and keys as buffers, an exec plugin as text. */
function tlsOf({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions): TlsOptions {
  return {
    ...(isPem(ca) ? { ca } : {}),
    ...(isPem(cert) ? { cert } : {}),
    ...(isPem(key) ? { key } : {}),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(servername === undefined ? {} : { servername }),
  };
}

function isPem(value: unknown): value is Pem {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function stringHeaders(headers: RequestOptions['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}

function basicAuth(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
}

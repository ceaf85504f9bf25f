import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock';
import { withDeadline } from './deadline';
import { describeError } from './errors';
import type { Logger } from './log';

/** One thing that must be well. */
export interface HealthCheck {
  readonly name: string;
  /** Throws or rejects with what is wrong. */
  check(signal: AbortSignal): Promise<void> | void;
}

/** What /metrics serves. */
export interface MetricsSource {
  readonly contentType: string;
  render(): Promise<string>;
}

export interface HealthServerOptions {
  /** 0 picks a free one. */
  port: number;
  /** Default 0.0.0.0: the kubelet asks from outside. */
  address?: string;
  /** What /healthz asks: when one fails, a restart would help. */
  live: readonly HealthCheck[];
  /** What /readyz asks: when one fails, the program cannot do its work now. */
  ready: readonly HealthCheck[];
  /** Served as /metrics; there is no such path without. */
  metrics?: MetricsSource;
  clock: Clock;
  log: Logger;
  /** How long one check may take. Default 2 s. */
  checkTimeoutMs?: number;
}

export interface HealthServer {
  readonly port: number;
  /** Answers what was asked, accepts nothing new. */
  close(): Promise<void>;
}

/**
 * Serves /healthz and /readyz: 200 `ok`, or 503 with one line per failing check; and /metrics. Rejects when the port is
 * taken.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const routes = new Map([
    ['/healthz', options.live],
    ['/readyz', options.ready],
  ]);
  const server = createServer((request, response) => {
    const path = pathOf(request);
    const checks = routes.get(path);
    if (checks !== undefined) void answerChecks(response, checks, options);
    else if (path === '/metrics' && options.metrics !== undefined) {
      void answerMetrics(response, options.metrics, options.log);
    } else answer(response, 404, 'not found; there are /healthz, /readyz and, where there are any, /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address ?? '0.0.0.0', () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => {
    options.log.error('health server failed', { error });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answerChecks(
  response: ServerResponse,
  checks: readonly HealthCheck[],
  options: HealthServerOptions,
): Promise<void> {
  const failures = (await Promise.all(checks.map((check) => failureOf(check, options)))).filter((line) => line !== '');
  if (failures.length === 0) {
    answer(response, 200, 'ok');
    return;
  }
  options.log.debug('health check failed', { failures });
  answer(response, 503, `${failures.join('\n')}\n`);
}

async function answerMetrics(response: ServerResponse, metrics: MetricsSource, log: Logger): Promise<void> {
  try {
    answer(response, 200, await metrics.render(), metrics.contentType);
  } catch (error) {
    log.error('metrics cannot be read', { error });
    answer(response, 500, `${describeError(error)}\n`);
  }
}

/** `name: what is wrong`, or nothing when all is well. */
async function failureOf(check: HealthCheck, { clock, checkTimeoutMs = 2_000 }: HealthServerOptions): Promise<string> {
  try {
    const limits = { clock, ms: checkTimeoutMs, what: `the check ${check.name}` };
    await withDeadline(limits, async (signal) => {
      await check.check(signal);
    });
    return '';
  } catch (error) {
    return `${check.name}: ${describeError(error)}`;
  }
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  // No keep-alive: probes are rare, and an open connection would hold up the close.
  response.writeHead(status, { 'Content-Type': type, Connection: 'close' });
  response.end(body);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

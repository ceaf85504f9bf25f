import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricLine } from '../lib/prometheus-text';
import { parseMetrics } from '../lib/prometheus-text';
import { fetchText } from '../soak/lab';
import type { Requests } from './figures';

/** How long it may take to end after SIGTERM. */
const STOP_DEADLINE_MS = 25_000;

export interface ControllerSettings {
  /** The installed application: bin/node, and dist or what stands for it. */
  readonly lab: string;
  /** The directory with controller/main.js. */
  readonly dist: string;
  readonly namespace: string;
  readonly port: number;
}

/** What its metrics say at one moment. */
export interface Reading {
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly reconciles: number;
  readonly queued: number;
  readonly requests: Requests;
  readonly conflicts: number;
}

/** The real controller, started as lab/deploy starts it, but for deadlines so long that waiting objects go on waiting. */
export class ControllerProcess {
  /** On the clock of performance.now(). */
  readonly startedAtMs = performance.now();
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #url: string;

  constructor({ lab, dist, namespace, port }: ControllerSettings) {
    const log = openSync(join(lab, 'log/bench-scale-controller.log'), 'a');
    const collector = join(__dirname, 'collect-garbage.cjs');
    const asInTheLab = ['--max-semi-space-size=4', '--enable-source-maps'];
    const args = [...asInTheLab, '--expose-gc', '--require', collector, join(dist, 'controller/main.js')];
    this.#child = spawn(join(lab, 'app/bin/node'), args, {
      env: {
        // By this `lab/down` finds it, should the benchmark be killed.
        TRANSSHIP_LAB_OWNER: lab,
        TRANSSHIP_NAMESPACE: namespace,
        // The one that led last: it need not wait for its own Lease to end.
        TRANSSHIP_IDENTITY: 'lab-controller',
        TRANSSHIP_HEALTH_PORT: String(port),
        TRANSSHIP_ADMIT_DEADLINE_SECONDS: '86400',
        TRANSSHIP_PREFLIGHT_DEADLINE_SECONDS: '86400',
        TRANSSHIP_PREPARE_DEADLINE_SECONDS: '86400',
        // All at once is what is measured.
        TRANSSHIP_MAX_MIGRATIONS_PER_NODE: '0',
        TRANSSHIP_MAX_FROZEN_PER_NODE: '0',
        KUBECONFIG: join(lab, 'kube/controller.kubeconfig'),
      },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        resolve();
      });
    });
    // A controller that goes on behind a run that was broken off would write into the next one.
    process.once('exit', () => this.#child.kill('SIGKILL'));
    this.#url = `http://127.0.0.1:${port}/metrics`;
  }

  get pid(): number {
    if (this.#child.pid === undefined || this.#child.exitCode !== null) {
      throw new Error('the controller does not run: see log/bench-scale-controller.log in the directory of the lab');
    }
    return this.#child.pid;
  }

  async read(): Promise<Reading> {
    return readingOf(parseMetrics(await fetchText({ url: this.#url })), performance.now());
  }

  /** Has it collect all its garbage; what its metrics say a second later is what it needs. */
  collectGarbage(): void {
    process.kill(this.pid, 'SIGUSR2');
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Picks out of the metrics what the benchmark looks at. */
export function readingOf(lines: readonly MetricLine[], atMs: number): Reading {
  const named = (name: string): MetricLine[] => lines.filter((line) => line.name === name);
  const sum = (of: readonly MetricLine[]): number => of.reduce((total, { value }) => total + value, 0);
  const requests: Record<string, number> = {};
  for (const { labels, value } of named('rest_client_requests_total')) {
    const verb = labels['verb'] ?? '';
    requests[verb] = (requests[verb] ?? 0) + value;
  }
  return {
    atMs,
    cpuSeconds: sum(named('process_cpu_seconds_total')),
    residentBytes: sum(named('process_resident_memory_bytes')),
    heapBytes: sum(named('nodejs_heap_size_used_bytes')),
    reconciles: sum(named('controller_reconcile_total')),
    queued: sum(named('workqueue_depth')),
    requests,
    conflicts: sum(named('rest_client_requests_total').filter(({ labels }) => labels['code'] === '409')),
  };
}

/** What was asked of the API server between two readings; verbs that were not used are left out. */
export function requestsBetween(from: Reading, to: Reading): Requests {
  const asked = Object.entries(to.requests).map(([verb, count]) => [verb, count - (from.requests[verb] ?? 0)] as const);
  return Object.fromEntries(asked.filter(([, count]) => count > 0));
}

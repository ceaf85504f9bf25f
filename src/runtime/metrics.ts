import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ReconcileOutcome } from './controller-loop';
import type { MetricsSource } from './health';
import type { InformerObserver } from './informer';
import type { QueueObserver } from './work-queue';

/** How often the delay of the event loop is sampled: each sample wakes the process up. */
const LOOP_SAMPLE_MS = 100;
const DURATION_BUCKETS_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];

/**
 * The metrics of one process: Node.js' own (memory, file descriptors, active resources by type, delay of the event
 * loop) and those of the observers handed out here. The names follow controller-runtime's where it has the same. In a
 * registry of its own, so that two of them never meet.
 */
export class Metrics implements MetricsSource {
  readonly #registry = new Registry();
  readonly #queueDepth;
  readonly #queueAdds;
  readonly #queueRetries;
  readonly #queueSeconds;
  readonly #reconciles;
  readonly #reconcileSeconds;
  readonly #watches;
  readonly #watchRestarts;
  readonly #lists;
  readonly #requests;
  readonly #requestSeconds;
  readonly #leader;

  constructor() {
    const registers = [this.#registry];
    const buckets = DURATION_BUCKETS_SECONDS;
    const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
      new Gauge({ name, help, labelNames, registers });
    const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
      new Counter({ name, help, labelNames, registers });
    const histogram = <L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> =>
      new Histogram({ name, help, labelNames, registers, buckets });
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
    this.#queueDepth = gauge('workqueue_depth', 'Keys that are ready to be processed.', ['name']);
    this.#queueAdds = counter('workqueue_adds_total', 'Keys that were marked as needing work.', ['name']);
    this.#queueRetries = counter('workqueue_retries_total', 'Keys that were put back after a failure.', ['name']);
    this.#queueSeconds = histogram('workqueue_queue_duration_seconds', 'How long a key was ready.', ['name']);
    this.#reconciles = counter('controller_reconcile_total', 'Reconciles that ended.', ['controller', 'result']);
    this.#reconcileSeconds = histogram('controller_reconcile_time_seconds', 'How long reconciles took.', [
      'controller',
    ]);
    this.#watches = gauge('informer_watches', 'Watches that are open.', ['name']);
    this.#watchRestarts = counter('informer_watch_restarts_total', 'Watches that ended.', ['name', 'result']);
    this.#lists = counter('informer_lists_total', 'Times that everything was listed.', ['name']);
    this.#requests = counter('rest_client_requests_total', 'Requests to the API server.', ['verb', 'code']);
    this.#requestSeconds = histogram('rest_client_request_duration_seconds', 'Until the answer began.', ['verb']);
    this.#leader = gauge('leader_election_master_status', 'Whether this replica leads.', ['name']);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  queue(name: string): QueueObserver {
    this.#queueDepth.set({ name }, 0);
    return {
      depth: (length) => {
        this.#queueDepth.set({ name }, length);
      },
      added: () => {
        this.#queueAdds.inc({ name });
      },
      retried: () => {
        this.#queueRetries.inc({ name });
      },
      handedOut: (waitedMs) => {
        this.#queueSeconds.observe({ name }, waitedMs / 1_000);
      },
    };
  }

  reconciles(controller: string): (outcome: ReconcileOutcome, durationMs: number) => void {
    return (result, durationMs) => {
      this.#reconciles.inc({ controller, result });
      this.#reconcileSeconds.observe({ controller }, durationMs / 1_000);
    };
  }

  informer(name: string): InformerObserver {
    this.#watches.set({ name }, 0);
    return {
      listed: () => {
        this.#lists.inc({ name });
      },
      watchBegan: () => {
        this.#watches.inc({ name });
      },
      watchEnded: (failed) => {
        this.#watches.dec({ name });
        this.#watchRestarts.inc({ name, result: failed ? 'error' : 'success' });
      },
    };
  }

  /** Durations end with the first byte of the answer: a watch goes on for as long as it may. */
  readonly request = (verb: string, code: string, durationMs: number): void => {
    this.#requests.inc({ verb, code });
    this.#requestSeconds.observe({ verb }, durationMs / 1_000);
  };

  /** A gauge whose values, by its label, are asked for whenever somebody reads the metrics. */
  gaugeOf(
    { name, help, label }: { readonly name: string; readonly help: string; readonly label: string },
    values: () => Readonly<Record<string, number>>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        for (const [value, count] of Object.entries(values())) this.set({ [label]: value }, count);
      },
    });
  }

  leader(name: string, leads: boolean): void {
    this.#leader.set({ name }, leads ? 1 : 0);
  }
}

import { hasTarget, keyOf } from '../api/types';
import { createKubeClient } from '../kube/client';
import { EventRecorder } from '../kube/events';
import { KubeLeaseStore } from '../kube/leases';
import { REQUESTS } from '../kube/migrations';
import { ResourceClient } from '../kube/resource-client';
import { BREAKPOINTS_VARIABLE, createGate, withBreakpoints } from '../runtime/breakpoints';
import type { Limits } from '../protocol/controller/line';
import type { PhaseDeadlines } from '../protocol/controller/step';
import { systemClock } from '../runtime/clock';
import { runControllerLoop } from '../runtime/controller-loop';
import { onceAborted } from '../runtime/deadline';
import { Environment } from '../runtime/environment';
import { startHealthServer } from '../runtime/health';
import { Informer } from '../runtime/informer';
import { LeaderElector } from '../runtime/leader-elector';
import type { Leadership } from '../runtime/leadership';
import { createLogger } from '../runtime/log';
import { Metrics } from '../runtime/metrics';
import { cacheIsFilled, runProgram } from '../runtime/program';
import { installShutdown } from '../runtime/shutdown';
import { WorkQueue } from '../runtime/work-queue';
import { createClusterView } from './cluster-view';
import { createEventSink, createMigrationStore } from './kube-ports';
import { leaderOnly } from './leader-only';
import { createReconciler } from './reconcile';
import { TargetLoads } from './target-loads';
import { TurnKeeper } from './turn-keeper';

/** The Lease that says who leads. */
const ELECTION = 'transship-controller';

/** How long each phase may take; the defaults are those of the chart (docs/api.md). */
function readDeadlines(env: Environment): PhaseDeadlines {
  const ms = (variable: string, seconds: number): number => env.number(variable, seconds) * 1000;
  return {
    admitMs: ms('TRANSSHIP_ADMIT_DEADLINE_SECONDS', 60),
    preflightMs: ms('TRANSSHIP_PREFLIGHT_DEADLINE_SECONDS', 120),
    prepareMs: ms('TRANSSHIP_PREPARE_DEADLINE_SECONDS', 300),
    freezeMs: ms('TRANSSHIP_FREEZE_DEADLINE_SECONDS', 300),
    restoreMs: ms('TRANSSHIP_RESTORE_DEADLINE_SECONDS', 300),
    rollBackMs: ms('TRANSSHIP_ROLLBACK_DEADLINE_SECONDS', 120),
  };
}

/** How many migrations may be under way and frozen on a node (docs/many-at-once.md says why so many); 0 is no limit. */
function readLimits(env: Environment): Limits {
  const limit = (variable: string, fallback: number): number => env.number(variable, fallback) || Infinity;
  return {
    Admission: limit('TRANSSHIP_MAX_MIGRATIONS_PER_NODE', 4),
    Freeze: limit('TRANSSHIP_MAX_FROZEN_PER_NODE', 1),
  };
}

/** The composition root of the controller: the only place that reads its environment and builds things. */
async function main(): Promise<void> {
  const env = new Environment(process.env);
  const settings = {
    kubeconfig: env.optional('KUBECONFIG'),
    namespace: env.text('TRANSSHIP_NAMESPACE', 'transship-system'),
    identity: env.text('TRANSSHIP_IDENTITY'),
    healthPort: env.number('TRANSSHIP_HEALTH_PORT', 8080),
    breakpoints: env.optional(BREAKPOINTS_VARIABLE),
    deadlines: readDeadlines(env),
    limits: readLimits(env),
    logLevel: env.oneOf('TRANSSHIP_LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
  };
  env.check();

  const clock = systemClock;
  const gate = createGate(settings.breakpoints, clock);
  const log = createLogger({ level: settings.logLevel, component: 'controller' });
  const metrics = new Metrics();
  const shutdown = installShutdown({ process, clock, log });
  const kube = createKubeClient({
    clock,
    userAgent: 'transship-controller',
    onAnswer: metrics.request,
    ...(settings.kubeconfig === undefined ? {} : { kubeconfigPath: settings.kubeconfig }),
  });
  const informer = new Informer({
    name: 'containermigrations',
    source: new ResourceClient(kube, REQUESTS).listerWatcher(),
    clock,
    log,
    observer: metrics.informer('containermigrations'),
  });

  const health = await startHealthServer({
    port: settings.healthPort,
    clock,
    log,
    // No check of its own: a program that hangs does not answer, and that is what the kubelet looks for.
    live: [],
    ready: [cacheIsFilled(informer)],
    metrics,
  });

  // Every replica follows the objects, so that a new leader begins with a warm cache; only the leader has a queue.
  let queue: WorkQueue | undefined;
  let turns: TurnKeeper | undefined;
  informer.onChange((key) => {
    queue?.add(key);
    const migration = informer.get(key);
    // Until it has a target it stands in no line.
    const inLine = migration !== undefined && hasTarget(migration) ? migration : undefined;
    for (const next of turns?.changed(key, inLine) ?? []) queue?.add(next);
  });

  /** One term: what it decides it writes in the name of this term, and never in that of a later one. */
  const lead = async (signal: AbortSignal, leadership: Leadership): Promise<void> => {
    await Promise.race([informer.waitForSync(), onceAborted(signal)]);
    const own = leaderOnly(kube, leadership);
    const recorder = new EventRecorder({ transport: own, clock, log, component: 'transship-controller' });
    const store = createMigrationStore(new ResourceClient(own, REQUESTS), informer);
    turns = new TurnKeeper({
      list: () => informer.list().filter(hasTarget),
      limits: settings.limits,
      clock,
    });
    const reconcile = createReconciler({
      migrations: withBreakpoints('migrations', store, gate, { get: 'sync' }),
      cluster: createClusterView(own, clock, settings.namespace),
      events: createEventSink(recorder),
      clock,
      deadlines: settings.deadlines,
      targets: new TargetLoads(() => informer.list()),
      turns,
    });
    queue = new WorkQueue({ clock, observer: metrics.queue('controller') });
    for (const migration of informer.list()) queue.add(keyOf(migration));
    const onReconciled = metrics.reconciles('controller');
    await runControllerLoop(
      { name: 'controller', queue, reconcile, clock, log, workers: 4, keyField: 'migration', onReconciled },
      signal,
    );
    queue = undefined;
    turns = undefined;
    await recorder.flush();
  };

  metrics.gaugeOf(
    { name: 'transship_migrations_queued', help: 'Migrations that wait for their turn.', label: 'gate' },
    () => turns?.waiting() ?? { Admission: 0, Freeze: 0 },
  );
  metrics.leader(ELECTION, false);
  const elector = new LeaderElector({
    store: new KubeLeaseStore(kube, { namespace: settings.namespace, name: ELECTION }),
    identity: settings.identity,
    clock,
    log,
    onStartedLeading: async (signal, leadership) => {
      metrics.leader(ELECTION, true);
      try {
        await lead(signal, leadership);
      } finally {
        metrics.leader(ELECTION, false);
      }
    },
  });

  log.info('controller starts', { identity: settings.identity, namespace: settings.namespace });
  await Promise.all([informer.start(shutdown.signal), elector.run(shutdown.signal)]);
  await health.close();
  await kube.close();
  shutdown.complete();
  log.info('controller stopped');
}

runProgram(main);

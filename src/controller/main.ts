import { keyOf } from '../api/types';
import { createKubeClient } from '../kube/client';
import { EventRecorder } from '../kube/events';
import { KubeLeaseStore } from '../kube/leases';
import { MIGRATIONS } from '../kube/migrations';
import { ResourceClient } from '../kube/resource-client';
import type { PhaseDeadlines } from '../protocol/controller/step';
import { systemClock } from '../runtime/clock';
import { runControllerLoop } from '../runtime/controller-loop';
import { onceAborted } from '../runtime/deadline';
import { Environment } from '../runtime/environment';
import { startHealthServer } from '../runtime/health';
import { Informer } from '../runtime/informer';
import { LeaderElector } from '../runtime/leader-elector';
import { createLogger } from '../runtime/log';
import { cacheIsFilled, runProgram } from '../runtime/program';
import { installShutdown } from '../runtime/shutdown';
import { WorkQueue } from '../runtime/work-queue';
import { createClusterView } from './cluster-view';
import { createEventSink, createMigrationStore } from './kube-ports';
import { createReconciler } from './reconcile';

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

/** The composition root of the controller: the only place that reads its environment and builds things. */
async function main(): Promise<void> {
  const env = new Environment(process.env);
  const settings = {
    kubeconfig: env.optional('KUBECONFIG'),
    namespace: env.text('TRANSSHIP_NAMESPACE', 'transship-system'),
    identity: env.text('TRANSSHIP_IDENTITY'),
    healthPort: env.number('TRANSSHIP_HEALTH_PORT', 8080),
    deadlines: readDeadlines(env),
    logLevel: env.oneOf('TRANSSHIP_LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
  };
  env.check();

  const clock = systemClock;
  const log = createLogger({ level: settings.logLevel, component: 'controller' });
  const shutdown = installShutdown({ process, clock, log });
  const kube = createKubeClient({
    clock,
    userAgent: 'transship-controller',
    ...(settings.kubeconfig === undefined ? {} : { kubeconfigPath: settings.kubeconfig }),
  });
  const client = new ResourceClient(kube, MIGRATIONS);
  const informer = new Informer({ name: 'containermigrations', source: client.listerWatcher(), clock, log });
  const recorder = new EventRecorder({ transport: kube, clock, log, component: 'transship-controller' });
  const reconcile = createReconciler({
    migrations: createMigrationStore(client, informer),
    cluster: createClusterView(kube, clock, settings.namespace),
    events: createEventSink(recorder),
    clock,
    deadlines: settings.deadlines,
  });

  const health = await startHealthServer({
    port: settings.healthPort,
    clock,
    log,
    // No check of its own: a program that hangs does not answer, and that is what the kubelet looks for.
    live: [],
    ready: [cacheIsFilled(informer)],
  });

  // Every replica follows the objects, so that a new leader begins with a warm cache; only the leader has a queue.
  let queue: WorkQueue | undefined;
  informer.onChange((key) => queue?.add(key));
  const elector = new LeaderElector({
    store: new KubeLeaseStore(kube, { namespace: settings.namespace, name: 'transship-controller' }),
    identity: settings.identity,
    clock,
    log,
    onStartedLeading: async (signal) => {
      await Promise.race([informer.waitForSync(), onceAborted(signal)]);
      queue = new WorkQueue({ clock });
      for (const migration of informer.list()) queue.add(keyOf(migration));
      await runControllerLoop(
        { name: 'controller', queue, reconcile, clock, log, workers: 4, keyField: 'migration' },
        signal,
      );
      queue = undefined;
    },
  });

  log.info('controller starts', { identity: settings.identity, namespace: settings.namespace });
  await Promise.all([informer.start(shutdown.signal), elector.run(shutdown.signal)]);
  await recorder.flush();
  await health.close();
  await kube.close();
  shutdown.complete();
  log.info('controller stopped');
}

runProgram(main);

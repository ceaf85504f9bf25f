import { createKubeClient } from '../kube/client';
import { EventRecorder } from '../kube/events';
import { KubeLeaseStore } from '../kube/leases';
import { MIGRATIONS } from '../kube/migrations';
import { ResourceClient } from '../kube/resource-client';
import { systemClock } from '../runtime/clock';
import { runControllerLoop } from '../runtime/controller-loop';
import { Environment } from '../runtime/environment';
import { startHealthServer } from '../runtime/health';
import { Informer } from '../runtime/informer';
import { LeaderElector } from '../runtime/leader-elector';
import { createLogger } from '../runtime/log';
import { installShutdown } from '../runtime/shutdown';
import { WorkQueue } from '../runtime/work-queue';
import { createClusterView, createEventSink, createMigrationStore } from './kube-ports';
import { createReconciler } from './reconcile';

/** The composition root of the controller: the only place that reads its environment and builds things. */
async function main(): Promise<void> {
  const env = new Environment(process.env);
  const settings = {
    kubeconfig: env.optional('KUBECONFIG'),
    namespace: env.text('TRANSSHIP_NAMESPACE', 'transship-system'),
    identity: env.text('TRANSSHIP_IDENTITY'),
    healthPort: env.number('TRANSSHIP_HEALTH_PORT', 8080),
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
  });

  const health = await startHealthServer({
    port: settings.healthPort,
    clock,
    log,
    live: [],
    ready: [
      {
        name: 'cache',
        check: () => {
          if (!informer.hasSynced()) throw new Error('the ContainerMigrations were not listed yet');
        },
      },
    ],
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
      await informer.waitForSync();
      queue = new WorkQueue({ clock });
      for (const { metadata } of informer.list()) queue.add(`${metadata.namespace}/${metadata.name}`);
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
  // What did not end in time must not go on beside the next life, which settles what it finds.
  process.exit();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

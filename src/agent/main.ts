import { mkdir } from 'node:fs/promises';
import type { DockerCheckpoints } from '../docker/checkpoints';
import { DockerodeCheckpoints } from '../docker/dockerode-checkpoints';
import { DockerodeEngine } from '../docker/dockerode-engine';
import { DockerodeNetworks } from '../docker/dockerode-networks';
import { DockerodeVolumes } from '../docker/dockerode-volumes';
import { createImageTransport } from '../docker/dockerode-images';
import type { ContainerEngine } from '../docker/engine';
import { findWakeProblems } from '../driver/runc/checks';
import { WRAPPER_RUNTIME } from '../driver/runc/paths';
import { createKubeClient } from '../kube/client';
import { MigrationNodeStore } from '../kube/migration-nodes';
import { MIGRATIONS, REQUESTS } from '../kube/migrations';
import { NODES } from '../kube/nodes';
import { ResourceClient } from '../kube/resource-client';
import { createGate, withBreakpoints } from '../runtime/breakpoints';
import { systemClock } from '../runtime/clock';
import { runControllerLoop } from '../runtime/controller-loop';
import { onceAborted } from '../runtime/deadline';
import type { CommandRunner } from '../runtime/exec';
import { createCommandRunner } from '../runtime/exec';
import { startHealthServer } from '../runtime/health';
import { Informer } from '../runtime/informer';
import { createLogger } from '../runtime/log';
import { Metrics } from '../runtime/metrics';
import { Pace } from '../runtime/pace';
import { cacheIsFilled, runProgram } from '../runtime/program';
import { installShutdown } from '../runtime/shutdown';
import { traced } from '../runtime/trace';
import { WorkQueue } from '../runtime/work-queue';
import { digestWorkers } from '../store/digest-workers';
import { createDrivers } from './drivers';
import { FileJournal } from './journal';
import { holdable } from './breakpoints';
import { keepHeartbeat } from './heartbeat';
import { createCheckpointStore } from './checkpoint-store';
import { createMigrationAccess } from './kube-access';
import { createNodeAccess, nodePidOf, onNode } from './node-access';
import { createAddressMoves } from './move-hook/create';
import { tidyAddresses } from './move-hook/tidy';
import type { NodeAccess } from './ports';
import { readSettings } from './settings';
import { createSourceReconciler } from './source/reconcile';
import { Busy } from './sweep/busy';
import { createSweeper } from './sweep/create';
import { createTargetReconciler } from './target/reconcile';
import { TraceKeeper } from './trace/keeper';
import { createTraceShelf } from './trace/shelf';
import { tracedCommands, tracedPorts } from './trace/traced-ports';
import { VolumeAccess } from './volume-access';
import { createDirectoryNotes } from './volumes/directory-notes';
import { createLook } from './capabilities/look';
import { NodePublisher } from './capabilities/publisher';
import { createInstaller } from './install/create';
import { createHostDirectories } from './volumes/host-directories';
import { FileVolumeLedger } from './volumes/ledger';
import { createMountFiles } from './volumes/mount-files';

/** No wait between two tries is longer: a container may be standing still meanwhile. */
const RETRY_WITHIN_MS = 3_000;

/** The composition root of the agent: the only place that builds things. */
async function main(): Promise<void> {
  allowHangingFileCalls(process.env);
  const settings = readSettings(process.env);

  const clock = systemClock;
  const log = createLogger({ level: settings.logLevel, component: 'agent', node: settings.node });
  const metrics = new Metrics();
  const shutdown = installShutdown({ process, clock, log });
  await mkdir(settings.runDirectory, { recursive: true, mode: 0o700 });
  const kube = createKubeClient({
    clock,
    userAgent: `transship-agent/${settings.node}`,
    onAnswer: metrics.request,
    ...(settings.kubeconfig === undefined ? {} : { kubeconfigPath: settings.kubeconfig }),
  });
  const client = new ResourceClient(kube, MIGRATIONS);
  const nodes = new ResourceClient(kube, NODES);
  const informer = new Informer({
    name: 'containermigrations',
    source: new ResourceClient(kube, REQUESTS).listerWatcher(),
    clock,
    log,
    backoff: { baseMs: 200, maxMs: RETRY_WITHIN_MS },
    observer: metrics.informer('containermigrations'),
  });
  const gate = createGate(settings.breakpoints, clock);
  const plainCommands = onNode(createCommandRunner(clock), settings.hostPid);
  const commands = withBreakpoints('commands', tracedCommands(plainCommands), gate, {});
  const docker = new DockerodeEngine({ socketPath: settings.dockerSocket, clock });
  const engine = withBreakpoints<ContainerEngine>('engine', traced('engine', docker), gate, {});
  const checkpoints = withBreakpoints<DockerCheckpoints>(
    'checkpoints',
    traced('checkpoints', new DockerodeCheckpoints({ socketPath: settings.dockerSocket, clock })),
    gate,
    {},
  );
  const dockerVolumes = new DockerodeVolumes({ socketPath: settings.dockerSocket, clock });
  const volumeLedger = new FileVolumeLedger(settings.runDirectory);
  const hostDirectories = createHostDirectories(plainCommands);
  const directoryNotes = createDirectoryNotes(plainCommands);
  const images = createImageTransport({ socketPath: settings.dockerSocket, clock });
  const deadlines = { dumpMs: settings.dumpMs, wakeMs: settings.wakeMs };
  const volume = new VolumeAccess(clock);
  const journal = new FileJournal(settings.runDirectory);
  const drivers = createDrivers({
    ...{ engine, checkpoints, run: commands, volume, clock, nodePid: nodePidOf(settings.hostPid) },
    ...{ execRoot: settings.execRoot, runDir: settings.runDirectory, wrapperPath: settings.wrapperPath },
  });
  const { driver, dockerDriver } = drivers;
  const addressMoves = (runner: CommandRunner): ReturnType<typeof createAddressMoves> =>
    createAddressMoves({ ...settings, commands: runner, directories: hostDirectories });
  // For the sweep.
  const plainMoves = addressMoves(plainCommands);
  const nodeAccess = (runner: CommandRunner): NodeAccess =>
    createNodeAccess({
      name: settings.node,
      volume: settings.volume,
      runDirectory: settings.runDirectory,
      commands: runner,
      hostPid: settings.hostPid,
      clock,
      isOutOfService: async () => (await nodes.find('', settings.node))?.outOfService === true,
    });
  const migrations = createMigrationAccess(client, informer);
  const deps = holdable(
    tracedPorts({
      migrations,
      engine,
      dockerVolumes,
      dockerNetworks: new DockerodeNetworks({ socketPath: settings.dockerSocket, clock }),
      mountFiles: createMountFiles(commands, deadlines.wakeMs),
      volumeLedger,
      hostDirectories,
      directoryNotes,
      images,
      driver,
      dockerDriver,
      ...addressMoves(commands),
      store: createCheckpointStore({
        ...{ root: settings.volume, node: settings.node, volume, commands, clock, deadlines },
        warmUp: digestWorkers.warmUp,
        pace: settings.maxBytesPerSecond === 0 ? undefined : new Pace(clock, settings.maxBytesPerSecond),
      }),
      node: nodeAccess(commands),
      journal,
      clock,
      deadlines,
    }),
    gate,
  );
  const newQueue = (name: string): WorkQueue =>
    new WorkQueue({ clock, maxDelayMs: RETRY_WITHIN_MS, observer: metrics.queue(name) });
  const busy = new Busy((key) => informer.get(key)?.metadata.uid);
  const shelf = createTraceShelf(settings.volume, settings.node, volume);
  const traces = new TraceKeeper({ node: settings.node, shelf, cached: (key) => migrations.cached(key), clock });
  const roles = [
    {
      name: 'source',
      reconcile: busy.during(traces.during('source', createSourceReconciler(deps))),
      queue: newQueue('source'),
    },
    {
      name: 'target',
      reconcile: busy.during(traces.during('target', createTargetReconciler(deps))),
      queue: newQueue('target'),
    },
  ];
  // Both roles hear of every change and pick out what concerns their node: the watch cannot select by spec.
  const remind = (key: string): void => {
    for (const { queue } of roles) queue.add(key);
  };
  informer.onChange(remind);
  // Without the break points: a sweep may come to them at any moment.
  const sweeper = createSweeper({
    ...{ node: settings.node, root: settings.volume, runDirectory: settings.runDirectory },
    ...{ volume, journal, kube, busy, remind, engine: docker, driver, dockerDriver, clock, deadlines, log },
    ...{ dockerVolumes, volumeLedger, hostDirectories, directoryNotes, moveHooks: plainMoves.moveHooks },
    mountFiles: createMountFiles(plainCommands, deadlines.wakeMs),
    tidy: async () => {
      await drivers.tidy(deadlines.wakeMs);
      await shelf.tidy(
        ({ namespace, name, uidPrefix }) =>
          informer.get(`${namespace}/${name}`)?.metadata.uid.startsWith(uidPrefix) === true,
      );
      if (await plainMoves.areUsed()) await tidyAddresses(plainMoves.addressGate, docker, () => migrations.list());
    },
  });
  informer.onChange((key) => {
    // Somebody may have taken the finalizer off by hand.
    if (informer.get(key) === undefined) sweeper.soon();
  });

  const installer = createInstaller({
    mode: settings.install,
    entry: { name: WRAPPER_RUNTIME, path: settings.wrapperPath },
    socketPath: settings.dockerSocket,
    annotations: async () => (await nodes.find('', settings.node))?.annotations ?? {},
    ...{ commands: plainCommands, directories: hostDirectories, engine: docker, clock, log },
  });

  const publisher = new NodePublisher({
    // Without the break points, as the sweeper.
    look: createLook({
      node: nodeAccess(plainCommands),
      engine: docker,
      checkWake: (info) => findWakeProblems(info, { run: plainCommands, wrapperPath: settings.wrapperPath }),
    }),
    wrapper: () => installer.state,
    ownNode: () => nodes.find('', settings.node),
    store: new MigrationNodeStore(kube, settings.node),
    ...{ clock, log },
  });
  installer.onChange = () => {
    publisher.soon();
  };

  const health = await startHealthServer({
    port: settings.healthPort,
    clock,
    log,
    // No check of its own: a program that hangs does not answer, and that is what the kubelet looks for.
    live: [],
    metrics,
    ready: [
      cacheIsFilled(informer),
      {
        name: 'docker',
        check: async () => {
          await engine.info();
        },
      },
    ],
  });

  log.info('agent starts', { volume: settings.volume });
  await Promise.all([
    informer.start(shutdown.signal),
    keepHeartbeat({
      ...{ kube, clock, log, namespace: settings.namespace, node: settings.node, signal: shutdown.signal },
      onReturn: () => {
        sweeper.soon();
      },
    }),
    installer.run(shutdown.signal),
    publisher.run(shutdown.signal),
    Promise.race([informer.waitForSync(), onceAborted(shutdown.signal)]).then(() => sweeper.run(shutdown.signal)),
    ...roles.map(({ name, reconcile, queue }) =>
      runControllerLoop(
        {
          name,
          queue,
          reconcile,
          clock,
          log,
          workers: 4,
          keyField: 'migration',
          onReconciled: metrics.reconciles(name),
        },
        shutdown.signal,
      ),
    ),
  ]);
  await health.close();
  await kube.close();
  shutdown.complete();
  log.info('agent stopped');
}

/**
 * A call to a file server that does not answer holds one of libuv's threads, of which there are four: everything else
 * that reads a file or asks for an address would wait too. Set before the first file call it is as good as set from
 * outside (measured with Node.js 24), and cannot be forgotten by whoever starts the agent.
 */
function allowHangingFileCalls(env: NodeJS.ProcessEnv): void {
  env['UV_THREADPOOL_SIZE'] ??= '64';
}

runProgram(main);

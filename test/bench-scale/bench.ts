import { join } from 'node:path';
import { createKubeClient } from '../../src/kube/client';
import type { KubeClient } from '../../src/kube/client';
import type { ContainerMigration } from '../../src/api/types';
import { ResourceClient } from '../../src/kube/resource-client';
import { systemClock } from '../../src/runtime/clock';
import { Informer } from '../../src/runtime/informer';
import { labEnvironment } from '../lib/lab-tools';
import { recordingLogger } from '../lib/recording-logger';
import { SimulatedAgents } from './agents';
import { Cluster, NAMESPACE, QUICK_NODES, UNCHECKED } from './cluster';
import { ControllerProcess } from './controller-process';
import { Reactions } from './reactions';

/** How long a step takes a simulated agent. */
const STEP_MS = 50;
const A_DAY_MS = 86_400_000;

/** All that a measurement needs: the cluster, its simulated agents, what they see, and the controller that is measured. */
export class Bench {
  readonly lab: string;
  readonly cluster: Cluster;
  readonly migrations: ResourceClient<ContainerMigration>;
  readonly informer: Informer<ContainerMigration>;
  readonly agents: SimulatedAgents;
  readonly reactions = new Reactions();
  readonly #kube: KubeClient;
  readonly #namespace: string;
  readonly #end = new AbortController();
  readonly #beside: Promise<void>[] = [];
  #controller: ControllerProcess | undefined;
  #dist: string;

  constructor() {
    const env = labEnvironment();
    this.lab = env['LAB_DIR'] ?? '';
    this.#namespace = env['LAB_OPERATOR_NAMESPACE'] ?? '';
    this.#dist = join(this.lab, 'app/dist');
    this.#kube = createKubeClient({
      clock: systemClock,
      kubeconfigPath: env['KUBECONFIG'] ?? '',
      userAgent: 'transship-bench-scale',
    });
    this.cluster = new Cluster(this.#kube, this.#namespace);
    this.migrations = new ResourceClient(this.#kube, UNCHECKED);
    this.informer = new Informer({
      name: 'bench-scale',
      source: this.migrations.listerWatcher({ namespace: NAMESPACE }),
      clock: systemClock,
      log: recordingLogger(),
      // It must not do in the middle of a measurement what is measured.
      resyncMs: A_DAY_MS,
      relistMs: A_DAY_MS,
    });
    this.agents = new SimulatedAgents(this.migrations, this.informer, { nodes: QUICK_NODES, stepMs: STEP_MS });
    this.informer.onChange((key) => {
      const migration = this.informer.get(key);
      if (migration === undefined) this.reactions.forget(key);
      else this.reactions.seen(key, migration, performance.now());
      this.agents.hear(key);
    });
  }

  /** An empty cluster, whose agents report. */
  async begin(): Promise<void> {
    await this.cluster.create();
    this.#beside.push(this.cluster.keepReporting(this.#end.signal), this.informer.start(this.#end.signal));
    await this.informer.waitForSync();
  }

  /** Which build of the controller is started from now on; the lab's own at first. */
  use(dist: string): void {
    this.#dist = dist;
  }

  get controller(): ControllerProcess {
    if (this.#controller === undefined) throw new Error('no controller was started');
    return this.#controller;
  }

  startController(): ControllerProcess {
    const port = Number(labEnvironment()['LAB_CONTROLLER_HEALTH_PORT'] ?? '18081');
    this.#controller = new ControllerProcess({ lab: this.lab, dist: this.#dist, namespace: this.#namespace, port });
    return this.#controller;
  }

  async stopController(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = undefined;
  }

  /** The version of the API server, as it says itself. */
  async apiServer(): Promise<string> {
    const { gitVersion } = (await this.#kube.request({ method: 'GET', path: '/version' })) as { gitVersion: string };
    return gitVersion;
  }

  /** Ends everything, and leaves nothing in the API server, unless that is thrown away with all that is in it. */
  async end(clean: boolean): Promise<void> {
    await this.stopController();
    this.#end.abort();
    await Promise.all(this.#beside);
    if (clean) await this.cluster.remove();
    await this.#kube.close();
  }
}

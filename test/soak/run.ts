/** `make soak`: containers move forth and back while processes are killed; nothing may be lost, and nothing may grow. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { createKubeClient } from '../../src/kube/client';
import { MIGRATIONS } from '../../src/kube/migrations';
import { ResourceClient } from '../../src/kube/resource-client';
import { systemClock } from '../../src/runtime/clock';
import { linkAbort, sleptThrough } from '../../src/runtime/deadline';
import { describeError } from '../../src/runtime/errors';
import { Informer } from '../../src/runtime/informer';
import type { NodeName } from '../lib/lab-docker';
import { deleteMigrations } from '../lib/lab-migration';
import { labEnvironment } from '../lib/lab-tools';
import { recordingLogger } from '../lib/recording-logger';
import { takeCensus } from './census';
import { injectFaults } from './faults';
import { command, docker, list, NODES } from './lab';
import { Minutes } from './minutes';
import { keepMoving } from './mover';
import { seededRandom } from './random';
import { report } from './report';
import { keepScraping } from './scrape';
import { Series } from './series';
import { PREFIX, WORKLOADS } from './workloads';

interface Options {
  readonly minutes: number;
  readonly containers: number;
  readonly faults: boolean;
  readonly seed: number;
  readonly readings?: string;
}

async function main(options: Options): Promise<boolean> {
  const minutes = new Minutes();
  const series = new Series();
  const workloads = WORKLOADS.slice(0, options.containers);
  minutes.tell(
    `seed ${options.seed}, ${options.minutes} min, ${options.faults ? 'faults in the first half' : 'no faults'}`,
  );
  const kubeconfigPath = labEnvironment()['KUBECONFIG'] ?? '';
  const kube = createKubeClient({ clock: systemClock, kubeconfigPath, userAgent: 'transship-soak' });
  const migrations = new ResourceClient(kube, MIGRATIONS);
  const addresses = new Map<NodeName, string>();
  for (const node of NODES) addresses.set(node, await addressOf(node));
  const addressOn = (node: NodeName): string => addresses.get(node) ?? '';

  await removeAll();
  const stop = interruptible(options.minutes * 60_000);
  const quiet = linkAbort(stop.signal);
  const end = new AbortController();
  const source = migrations.listerWatcher();
  const informer = new Informer({ name: 'soak', source, clock: systemClock, log: recordingLogger() });
  const beside = [informer.start(end.signal), keepScraping(targets(addressOn), series, minutes, end.signal)];
  await informer.waitForSync();
  for (const { name, run } of workloads) await docker('node-a', 'run', '-d', '--name', name, ...run);
  const names = workloads.map(({ name }) => name);
  beside.push(takeCensus(names, PREFIX, minutes, end.signal));
  const witnesses = workloads.map((workload) => workload.witness(minutes, addressOn));
  const deps = { migrations, seen: (key: string) => informer.get(key), minutes };
  const movers = workloads.map(async (workload, index) => {
    const witness = witnesses[index];
    if (witness !== undefined) await keepMoving(workload, witness, deps, stop.signal);
  });
  if (options.faults) {
    movers.push(injectFaults(seededRandom(options.seed), minutes, quiet.signal));
    void sleptThrough(systemClock, options.minutes * 30_000, stop.signal).then(() => {
      quiet.abort();
      if (!stop.signal.aborted) minutes.tell('no more faults: from now on it must stay flat');
    });
  }
  for (const outcome of await Promise.allSettled(movers)) {
    if (outcome.status === 'rejected') minutes.violation(describeError(outcome.reason));
  }
  end.abort();
  quiet.release();
  stop.release();
  await Promise.all(beside);
  for (const witness of witnesses) witness.stop();
  await kube.close();
  if (minutes.violations.length === 0) await removeAll();
  else minutes.tell('the containers and objects are left as they are, to be looked at');
  if (options.readings !== undefined) writeFileSync(options.readings, series.csv());
  return report(series, minutes);
}

/** Aborted after that time, or by a Ctrl-C; a second one ends the program at once. */
function interruptible(ms: number): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort();
  }, ms);
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  return {
    signal: stop.signal,
    release: () => {
      clearTimeout(timer);
      process.off('SIGINT', onSignal);
    },
  };
}

/** What earlier runs have left, and then what this one has. */
async function removeAll(): Promise<void> {
  deleteMigrations();
  for (const node of NODES) {
    const names = (await list(node, PREFIX)).map(({ name }) => name);
    if (names.length > 0) await docker(node, 'rm', '--force', ...names);
  }
}

async function addressOf(node: NodeName): Promise<string> {
  const path = 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}';
  return command('kubectl', 'get', 'node', node, '-o', path);
}

/** Where each process serves its metrics; the ports are those of lab/control-plane/settings.sh. */
function targets(addressOn: (node: NodeName) => string): Map<string, string> {
  const { LAB_CONTROLLER_HEALTH_PORT = '18081', LAB_AGENT_HEALTH_PORT = '18082' } = process.env;
  return new Map([
    ['controller', `http://127.0.0.1:${LAB_CONTROLLER_HEALTH_PORT}/metrics`],
    ...NODES.map((node) => [`agent@${node}`, `http://${addressOn(node)}:${LAB_AGENT_HEALTH_PORT}/metrics`] as const),
  ]);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is needed');
  return value;
}

const program = new Command('soak')
  .description('moves containers forth and back in the running lab, with faults, and judges what must stay flat')
  .option('--minutes <n>', 'how long', positive, 10)
  .option('--containers <n>', `how many at once, up to ${WORKLOADS.length}`, positive, WORKLOADS.length)
  .option('--no-faults', 'kill nothing')
  .option('--seed <n>', 'of the faults', Number, Date.now() % 1_000_000)
  .option('--readings <file>', 'write every reading there, as CSV')
  .parse();
main(program.opts<Options>()).then(
  (well) => process.exit(well ? 0 : 1),
  (error: unknown) => {
    console.error(`the soak test failed: ${describeError(error)}`);
    process.exit(1);
  },
);

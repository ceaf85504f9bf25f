/** Two controllers: the one that leads is paused in the middle of a migration, and wakes up late. */
import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { createKubeClient } from '../../src/kube/client';
import { KubeLeaseStore } from '../../src/kube/leases';
import { systemClock } from '../../src/runtime/clock';
import { ControllerReplica } from '../lib/controller-replica';
import { bigCounterProgram, expectUnbroken } from '../lib/counter';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { apply, deleteMigrations, migrateWell, until } from '../lib/lab-migration';
import { labEnvironment, mustRun } from '../lib/lab-tools';
import { MigrationWatch } from '../lib/migration-watch';
import type { Catch, RecordedRequest } from '../lib/recording-proxy';
import { poll, sleep } from '../lib/waiting';

const NAME = 'e2e-failover';
/** A candidate looks every 2 to 4.4 s: the last renewal is seen that late, 15 s later its end, again that late. */
const FAILOVER_LIMIT_MS = 26_000;

const kube = createKubeClient({
  clock: systemClock,
  kubeconfigPath: labEnvironment()['KUBECONFIG'] ?? '',
  userAgent: 'transship-test',
});
const namespace = labEnvironment()['LAB_OPERATOR_NAMESPACE'] ?? '';
const lease = new KubeLeaseStore(kube, { namespace, name: 'transship-controller' });
let replicas: ControllerReplica[] = [];

beforeAll(() => {
  mustRun('lab/service', ['stop', 'controller']);
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  replicas = [];
  mustRun('lab/service', ['start', 'controller']);
  deleteMigrations();
  removeContainers(NAME);
  mustRun('lab/service', ['stop', 'controller']);
});
afterAll(async () => {
  mustRun('lab/service', ['start', 'controller']);
  await kube.close();
});

async function leads(replica: ControllerReplica): Promise<void> {
  const deadline = Date.now() + 30_000;
  while ((await lease.get(AbortSignal.timeout(5_000)))?.record.holderIdentity !== replica.identity) {
    if (Date.now() > deadline) throw new Error(`${replica.identity} does not lead:\n${replica.log}`);
    await sleep(50);
  }
}

/** Two controllers, the first of which leads. */
async function startReplicas(): Promise<[ControllerReplica, ControllerReplica]> {
  const first = await ControllerReplica.start('replica-1');
  replicas.push(first);
  await leads(first);
  const second = await ControllerReplica.start('replica-2');
  replicas.push(second);
  return [first, second];
}

const freezing = ({ status: { decision, source } }: ContainerMigration): boolean =>
  decision?.step === 'Freeze' && source?.state !== 'Published';
const isLook = ({ method, path }: RecordedRequest): boolean =>
  method === 'GET' && /\/nodes\/|\/leases\/transship-agent-/.test(path);
const isStatusWrite = ({ method, path }: RecordedRequest): boolean =>
  method === 'PATCH' && path.includes('/containermigrations/');

/** `isEarly`: what is held is the first of its kind since the object is there, not since the container is frozen. */
interface PauseCase {
  readonly when: string;
  readonly hold?: (replica: ControllerReplica) => Promise<Catch>;
  readonly isEarly?: boolean;
  readonly writes: readonly (number | undefined)[];
}

test.each<PauseCase>([
  { when: 'while the source freezes', writes: [] },
  {
    when: 'between its look and its write',
    hold: ({ proxy }) => proxy.holdNext('answer', isLook),
    // It looks at the nodes when it admits, and then shares what it has seen for some seconds.
    isEarly: true,
    writes: [],
  },
  {
    when: 'with its write on the way, which then arrives late',
    hold: ({ proxy }) => proxy.holdNext('request', isStatusWrite),
    writes: [409],
  },
])(
  'paused $when: the other finishes, and the deposed one changes nothing',
  async ({ when, hold, isEarly = false, writes }) => {
    const [first, second] = await startReplicas();
    docker('node-a', 'run', '-d', '--name', NAME, 'transship-lab/python:1', 'python3', '-c', bigCounterProgram(200));
    const follower = new LogFollower('node-a', NAME);
    await poll('the counter to count', () => follower.lines().length > 5);

    const name = `failover-${when.split(' ').slice(0, 3).join('-')}`;
    const watch = new MigrationWatch(name);
    const early = isEarly ? hold?.(first) : undefined;
    apply({ name, container: NAME, from: 'node-a', to: 'node-b' });
    if (!isEarly) await watch.reach('freezing', freezing);
    watch.stop();
    const caught = await (isEarly ? early : hold?.(first));
    first.pause();
    const pausedAt = Date.now();
    await leads(second);
    const failoverMs = Date.now() - pausedAt;
    const { status } = await until(name, 'end', isFinal);
    process.stderr.write(
      `    paused ${when}: another led after ${failoverMs} ms, ${status.phase ?? ''} after ${Date.now() - pausedAt} ms\n`,
    );
    expect(status.phase).toBe('Succeeded');
    expect(failoverMs).toBeLessThan(FAILOVER_LIMIT_MS);

    const before = first.proxy.requests.length;
    caught?.release();
    await sleep(200);
    first.resume();
    // It is awake when it asks for the lease, which it does every few seconds.
    await poll('the deposed one to look at the lease', () => first.proxy.requests.slice(before).some(asksForLease));
    await sleep(3_000);
    const late = first.proxy.requests.slice(before).filter(({ method }) => method !== 'GET');
    expect(late).toEqual([]);
    const onTheWay = caught !== undefined && caught.request.method !== 'GET' ? [caught.request.status] : [];
    expect(onTheWay).toEqual(writes);

    expect([stateOf('node-b', NAME), containerNames('node-a').includes(NAME)]).toEqual(['running', false]);
    const onSource = await follower.finish(1_000);
    expectUnbroken(await new LogFollower('node-b', NAME).finish(1_000), Math.max(50, onSource.length + 1));

    // It is a candidate like any other again.
    await second.stop();
    replicas = [first];
    await leads(first);
    await migrateWell({ name: `${name}-back`, container: NAME, from: 'node-b', to: 'node-a' });
    expect(first.proxy.requests.slice(before).some(isStatusWrite)).toBe(true);
  },
);

function asksForLease({ method, path }: RecordedRequest): boolean {
  return method === 'GET' && path.endsWith('/leases/transship-controller');
}

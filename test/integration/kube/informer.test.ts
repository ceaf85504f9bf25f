import type { KubeClient } from '../../../src/kube/client';
import type { ResourceType } from '../../../src/kube/resource-client';
import { ResourceClient } from '../../../src/kube/resource-client';
import { systemClock } from '../../../src/runtime/clock';
import { Informer } from '../../../src/runtime/informer';
import type { ListerWatcher } from '../../../src/runtime/lister-watcher';
import { ResourceExpiredError } from '../../../src/runtime/lister-watcher';
import { recordingLogger } from '../../lib/recording-logger';
import type { TcpProxy } from '../../lib/tcp-proxy';
import type { Widget } from './scratch';
import { adminClient, afterwards, eventually, failureOf, NAMESPACE, proxiedClient, scratchKind } from './scratch';

let admin: KubeClient;
let type: ResourceType<Widget>;
let widgets: ResourceClient<Widget>;
let remove: () => Promise<void>;

beforeAll(async () => {
  admin = adminClient();
  ({ type, widgets, remove } = await scratchKind(admin));
}, 60_000);

afterAll(async () => {
  await remove();
  await admin.close();
});

interface Setup {
  informer: Informer<Widget>;
  announced: string[];
  log: ReturnType<typeof recordingLogger>;
  proxy: TcpProxy;
  /** Also done after the test. */
  end: () => Promise<void>;
}

/** An informer behind a network that can be broken; a silent watch is given up after 3 s. */
async function start(wrap: (source: ListerWatcher<Widget>) => ListerWatcher<Widget> = (same) => same): Promise<Setup> {
  const { client, proxy } = await proxiedClient({ requestTimeoutMs: 2_000 });
  const log = recordingLogger();
  const source = wrap(new ResourceClient(client, type).listerWatcher({ namespace: NAMESPACE }));
  const times = { watchTimeoutMs: 2_000, inactivityMs: 3_000 };
  const informer = new Informer({ name: 'widgets', source, clock: systemClock, log, ...times });
  const announced: string[] = [];
  informer.onChange((key) => announced.push(key));
  const ended = new AbortController();
  const stopped = informer.start(ended.signal);
  await informer.waitForSync();
  const end = async (): Promise<void> => {
    ended.abort();
    await stopped;
  };
  afterwards(end);
  return { informer, announced, log, proxy, end };
}

const size = (informer: Informer<Widget>, name: string): unknown => informer.get(`${NAMESPACE}/${name}`)?.size;
const make = (name: string): Promise<Widget> => widgets.create(NAMESPACE, { metadata: { name }, spec: { size: 1 } });
const change = (name: string, to: number): Promise<Widget> =>
  widgets.mergePatch(NAMESPACE, name, { spec: { size: to } });

test('follows creations, changes and deletions, across watches that the server ends', async () => {
  await make('before');
  const { informer, announced } = await start();
  expect(size(informer, 'before')).toBe(1);
  await make('during');
  await eventually('the new object is there', () => size(informer, 'during') === 1);
  await systemClock.sleep(2_500);
  await change('during', 2);
  await eventually('the change is there', () => size(informer, 'during') === 2);
  await widgets.delete(NAMESPACE, 'during');
  await eventually('the deletion is there', () => size(informer, 'during') === undefined);
  expect(announced.filter((key) => key === `${NAMESPACE}/during`)).toHaveLength(3);
}, 60_000);

test('one watch after the other uses no new connection', async () => {
  const { proxy, log } = await start();
  await systemClock.sleep(7_000);
  expect([proxy.opened <= 2, proxy.clients <= 2, log.lines]).toEqual([true, true, []]);
}, 60_000);

test('survives a reset connection and catches up', async () => {
  await make('reset');
  const { informer, proxy } = await start();
  proxy.cut();
  await change('reset', 2);
  await eventually('the change is there', () => size(informer, 'reset') === 2, 5_000);
}, 60_000);

test('survives a half-open connection and catches up', async () => {
  await make('half-open');
  const { informer, proxy, log } = await start();
  await systemClock.sleep(200);
  proxy.hold();
  await change('half-open', 2);
  await eventually('the silence is noticed', () => log.lines.length > 0, 6_000);
  expect(size(informer, 'half-open')).toBe(1);
  proxy.release();
  await eventually('the change is there', () => size(informer, 'half-open') === 2, 15_000);
}, 60_000);

test('a version that the server has forgotten is told as such, and the informer lists anew', async () => {
  await make('expired');
  const direct = new ResourceClient(admin, type).listerWatcher({ namespace: NAMESPACE });
  const watchFrom = async (version: string): Promise<void> => {
    const options = { timeoutMs: 1_000, signal: new AbortController().signal };
    for await (const event of direct.watch(version, options)) expect(event).toBeDefined();
  };
  expect(await failureOf(watchFrom('1'))).toBeInstanceOf(ResourceExpiredError);
  let lists = 0;
  const { informer } = await start((source) => ({
    watch: (version, options) => source.watch(version, options),
    list: async (signal) => {
      lists += 1;
      // The first list is from a time that the server has forgotten.
      return lists === 1 ? { items: [], resourceVersion: '1' } : source.list(signal);
    },
  }));
  await eventually('the object is found by the second list', () => size(informer, 'expired') === 1);
  expect(lists).toBe(2);
}, 60_000);

test('a stop leaves no connection open', async () => {
  const { informer, proxy, end } = await start();
  expect(informer.hasSynced()).toBe(true);
  expect(proxy.clients).toBeGreaterThan(0);
  await end();
  // What an aborted request used is closed; what is idle stays for the next request for some seconds.
  await eventually('no connection is open', () => proxy.clients === 0, 15_000);
}, 30_000);

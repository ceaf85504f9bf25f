/** What a leader that was paused, or lost the network, can still do to the objects of a real API server: nothing. */
import { randomBytes } from 'node:crypto';
import { leaderOnly } from '../../../src/controller/leader-only';
import type { KubeClient } from '../../../src/kube/client';
import { KubeLeaseStore, LEASES } from '../../../src/kube/leases';
import { ResourceClient } from '../../../src/kube/resource-client';
import type { KubeTransport } from '../../../src/kube/transport';
import { systemClock } from '../../../src/runtime/clock';
import { onceAborted } from '../../../src/runtime/deadline';
import { LeaderElector } from '../../../src/runtime/leader-elector';
import type { Leadership } from '../../../src/runtime/leadership';
import { recordingLogger } from '../../lib/recording-logger';
import type { Widget } from './scratch';
import { adminClient, afterwards, eventually, failureOf, NAMESPACE, proxiedClient, scratchKind } from './scratch';

let admin: KubeClient;
let lease: string;
/** As the administrator sees them. */
let widgets: ResourceClient<Widget>;
let write: (transport: KubeTransport, seen: Widget, size: string) => Promise<Widget>;

beforeEach(async () => {
  admin = adminClient();
  lease = `test-deposed-${randomBytes(4).toString('hex')}`;
  afterwards(async () => {
    await new ResourceClient(admin, LEASES).delete(NAMESPACE, lease);
    await admin.close();
  });
  const kind = await scratchKind(admin);
  afterwards(kind.remove);
  widgets = kind.widgets;
  write = (transport, { resourceVersion }, size) =>
    new ResourceClient(transport, kind.type).applyStatus(
      NAMESPACE,
      'w',
      { size },
      { fieldManager: 't', resourceVersion },
    );
  await widgets.create(NAMESPACE, { metadata: { name: 'w' }, spec: { size: 1 } });
});

/** Joins the election: lease 3 s, renew deadline 2 s, retry 0.3 s. `term` is the present one, if it leads. */
function join(identity: string, transport: KubeTransport): { term: () => Leadership | undefined } {
  let term: Leadership | undefined;
  const stop = new AbortController();
  const ended = new LeaderElector({
    store: new KubeLeaseStore(transport, { namespace: NAMESPACE, name: lease }),
    identity,
    clock: systemClock,
    log: recordingLogger(),
    leaseDurationMs: 3_000,
    renewDeadlineMs: 2_000,
    retryPeriodMs: 300,
    onStartedLeading: async (signal, leadership) => {
      term = leadership;
      await onceAborted(signal);
      term = undefined;
    },
  }).run(stop.signal);
  afterwards(async () => {
    stop.abort();
    await ended;
  });
  return { term: () => term };
}

async function termOf(candidate: { term: () => Leadership | undefined }): Promise<Leadership> {
  await eventually('it leads', () => candidate.term() !== undefined);
  const term = candidate.term();
  if (term === undefined) throw new Error('it led only for a moment');
  return term;
}

const sizeInStatus = async (): Promise<unknown> => (await widgets.get(NAMESPACE, 'w')).status['size'];

test('a write that hangs in the network is broken off with the leadership, and changes nothing when it arrives', async () => {
  const { client, proxy } = await proxiedClient();
  const a = await termOf(join('a', client));
  await write(leaderOnly(client, a), await widgets.get(NAMESPACE, 'w'), 'first');
  const seen = await widgets.get(NAMESPACE, 'w');
  proxy.hold();
  const heldAtMs = systemClock.monotonic();
  expect(await failureOf(write(leaderOnly(client, a), seen, 'late'))).toMatchObject({ reason: 'NotLeading' });
  expect(systemClock.monotonic() - heldAtMs).toBeLessThan(2_200);
  const b = await termOf(join('b', admin));
  await write(leaderOnly(admin, b), seen, 'second');
  // What was in an open connection when it hung may arrive now, although the client has closed it.
  proxy.release();
  await systemClock.sleep(500);
  expect(await sizeInStatus()).toBe('second');
});

test('one that was paused between the check and the sending finds the object changed', async () => {
  const { client, proxy } = await proxiedClient();
  const a = await termOf(join('a', client));
  const seen = await widgets.get(NAMESPACE, 'w');
  const [checked, paused] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  // Everything after the check is late, and no signal stops it: the worst that a pause can do.
  const late: KubeTransport = {
    request: async (request) => {
      request.beforeSend?.();
      checked.resolve(undefined);
      await paused.promise;
      return admin.request({ ...request, signal: undefined, beforeSend: undefined });
    },
    stream: (request) => client.stream(request),
  };
  const outcome = failureOf(write(leaderOnly(late, a), seen, 'late'));
  await checked.promise;
  proxy.hold();
  const b = await termOf(join('b', admin));
  await write(leaderOnly(admin, b), seen, 'by b');
  paused.resolve(undefined);
  expect(await outcome).toMatchObject({ reason: 'NotLeading', cause: { statusCode: 409 } });
  expect(await sizeInStatus()).toBe('by b');
});

test('one that was paused before the check sends nothing', async () => {
  const { client, proxy } = await proxiedClient();
  const a = await termOf(join('a', client));
  const seen = await widgets.get(NAMESPACE, 'w');
  proxy.hold();
  await termOf(join('b', admin));
  // Over a connection that works: it is not the network that keeps it from writing.
  expect(await failureOf(write(leaderOnly(admin, a), seen, 'late'))).toMatchObject({ reason: 'NotLeading' });
  expect(await widgets.get(NAMESPACE, 'w')).toEqual(seen);
});

import { randomBytes } from 'node:crypto';
import type { KubeClient } from '../../../src/kube/client';
import { KubeLeaseStore, LEASES, renewLease } from '../../../src/kube/leases';
import { ResourceClient } from '../../../src/kube/resource-client';
import type { KubeTransport } from '../../../src/kube/transport';
import { systemClock } from '../../../src/runtime/clock';
import { onceAborted } from '../../../src/runtime/deadline';
import { LeaderElector } from '../../../src/runtime/leader-elector';
import { recordingLogger } from '../../lib/recording-logger';
import { adminClient, afterwards, eventually, NAMESPACE, proxiedClient } from './scratch';

let admin: KubeClient;
let lease: string;

beforeEach(() => {
  admin = adminClient();
  lease = `test-election-${randomBytes(4).toString('hex')}`;
  afterwards(async () => {
    await new ResourceClient(admin, LEASES).delete(NAMESPACE, lease);
    await admin.close();
  });
});

interface Candidate {
  /** When it began to lead and when it was told to end, in turn. */
  history: { event: 'began' | 'ended'; atMs: number }[];
  leads: () => boolean;
  stop: () => Promise<void>;
}

/** Lease 3 s, renew deadline 2 s, retry 0.3 s. */
function candidate(identity: string, transport: KubeTransport): Candidate {
  const history: Candidate['history'] = [];
  const stop = new AbortController();
  const elector = new LeaderElector({
    store: new KubeLeaseStore(transport, { namespace: NAMESPACE, name: lease }),
    identity,
    clock: systemClock,
    log: recordingLogger(),
    leaseDurationMs: 3_000,
    renewDeadlineMs: 2_000,
    retryPeriodMs: 300,
    onStartedLeading: async (signal) => {
      history.push({ event: 'began', atMs: systemClock.monotonic() });
      await onceAborted(signal);
      history.push({ event: 'ended', atMs: systemClock.monotonic() });
    },
  });
  const ended = elector.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  afterwards(end);
  return { history, leads: () => history.at(-1)?.event === 'began', stop: end };
}

const at = (one: Candidate, event: 'began' | 'ended'): number =>
  one.history.findLast((entry) => entry.event === event)?.atMs ?? Number.NaN;

test('of two candidates one leads, and after its clean stop the other, within a second or two', async () => {
  const [a, b] = [candidate('a', admin), candidate('b', admin)];
  await eventually('somebody leads', () => a.leads() || b.leads());
  await systemClock.sleep(4_000);
  const [first, second] = a.leads() ? [a, b] : [b, a];
  expect([first.history.length, second.history.length]).toEqual([1, 0]);
  await first.stop();
  await eventually('the other leads', second.leads);
  expect(at(second, 'began') - at(first, 'ended')).toBeLessThan(2_000);
  await second.stop();
  const { record } = await new ResourceClient(admin, LEASES).get(NAMESPACE, lease);
  expect(record).toMatchObject({ holderIdentity: '', transitions: 1 });
}, 60_000);

test('a leader that loses the network ends before the other begins, and comes back as a candidate', async () => {
  const { client, proxy } = await proxiedClient();
  const a = candidate('a', client);
  await eventually('a leads', a.leads);
  const b = candidate('b', admin);
  await systemClock.sleep(1_000);
  proxy.hold();
  await eventually('b leads', b.leads);
  expect(a.history.map(({ event }) => event)).toEqual(['began', 'ended']);
  expect(at(a, 'ended')).toBeLessThan(at(b, 'began'));
  proxy.release();
  await b.stop();
  await eventually('a leads again', a.leads);
  await a.stop();
}, 60_000);

test('a heartbeat makes its Lease and renews it', async () => {
  const beat = { namespace: NAMESPACE, name: lease, holder: 'node-x', durationSeconds: 40 };
  const first = await renewLease(admin, systemClock, beat);
  const second = await renewLease(admin, systemClock, beat);
  expect(second.record.renewTimeMs).toBeGreaterThan(first.record.renewTimeMs);
  const stored = await new ResourceClient(admin, LEASES).get(NAMESPACE, lease);
  expect(stored.record).toMatchObject({ holderIdentity: 'node-x', leaseDurationMs: 40_000 });
});

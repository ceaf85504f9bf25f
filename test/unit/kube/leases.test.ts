import { formatMicroTime, KubeLeaseStore, LEASES, renewLease } from '../../../src/kube/leases';
import { FakeClock } from '../../lib/fake-clock';
import { FakeTransport } from '../../lib/fake-transport';

const spec = {
  holderIdentity: 'a',
  leaseDurationSeconds: 15,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:01.250000Z',
  leaseTransitions: 3,
};
const metadata = { namespace: 'ns', name: 'election', resourceVersion: '7' };
const record = {
  holderIdentity: 'a',
  leaseDurationMs: 15_000,
  acquireTimeMs: Date.UTC(2026, 0, 1),
  renewTimeMs: Date.UTC(2026, 0, 1, 0, 0, 1, 250),
  transitions: 3,
};

test('a time has six digits, fewer are refused by the API server', () => {
  expect(formatMicroTime(record.renewTimeMs)).toBe('2026-01-01T00:00:01.250000Z');
});

test('a record that is written is the one that was read', async () => {
  const transport = new FakeTransport();
  transport.answer = () => ({ metadata, spec });
  const store = new KubeLeaseStore(transport, { namespace: 'ns', name: 'election' });
  const { signal } = new AbortController();
  const found = await store.get(signal);
  expect(found).toMatchObject({ record, resourceVersion: '7' });
  await store.update(record, '7', signal);
  await store.create(record, signal);
  expect(transport.requests.slice(1).map(({ method, body }) => [method, body])).toMatchObject([
    ['PUT', { metadata: { resourceVersion: '7' }, spec }],
    ['POST', { metadata: { name: 'election' }, spec }],
  ]);
});

test('a lease whose every optional field is missing is held by nobody', () => {
  const nobody = { holderIdentity: '', leaseDurationMs: 0, acquireTimeMs: 0, renewTimeMs: 0, transitions: 0 };
  expect(LEASES.parse({ metadata }).record).toEqual(nobody);
});

test('a heartbeat says who lives, and until when', async () => {
  const transport = new FakeTransport();
  transport.answer = () => ({ metadata, spec });
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const heartbeat = { namespace: 'ns', name: 'agent-node-a', holder: 'node-a', durationSeconds: 40 };
  await renewLease(transport, clock, heartbeat);
  expect(transport.requests[0]?.body).toMatchObject({
    metadata: { name: 'agent-node-a' },
    spec: { holderIdentity: 'node-a', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' },
  });
});

import { findHeartbeat, HEARTBEAT_MS, renewAgentLease } from '../../../src/kube/agent-leases';
import { errorOfAnswer } from '../../../src/kube/errors';
import { FakeClock } from '../../lib/fake-clock';
import { FakeTransport } from '../../lib/fake-transport';

const here = { namespace: 'ns', node: 'node-a' };

/** A transport that keeps the one Lease that is applied. */
function setup(): FakeTransport {
  const transport = new FakeTransport();
  let lease: object | undefined;
  transport.answer = ({ method, body }) => {
    if (method === 'PATCH') {
      const { spec } = body as { spec: object };
      lease = { metadata: { namespace: 'ns', name: 'transship-agent-node-a', resourceVersion: '1' }, spec };
    }
    if (lease === undefined) throw errorOfAnswer('GET', 404, '{"reason":"NotFound"}');
    return lease;
  };
  return transport;
}

test('what an agent reports is what is found of it, and it holds for several reports', async () => {
  const transport = setup();
  const clock = new FakeClock();
  await renewAgentLease(transport, clock, { ...here, signal: new AbortController().signal });
  const heartbeat = await findHeartbeat(transport, here);
  expect(heartbeat).toEqual({ renewTimeMs: clock.now(), durationMs: 40_000 });
  expect(heartbeat?.durationMs).toBeGreaterThan(3 * HEARTBEAT_MS);
  expect(new Set(transport.requests.map(({ path }) => path))).toEqual(
    new Set(['/apis/coordination.k8s.io/v1/namespaces/ns/leases/transship-agent-node-a']),
  );
});

test('an agent that never reported has no heartbeat', async () => {
  expect(await findHeartbeat(setup(), here)).toBeUndefined();
});

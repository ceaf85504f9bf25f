import { errorOfAnswer } from '../../../src/kube/errors';
import type { EventToRecord } from '../../../src/kube/events';
import { EventRecorder } from '../../../src/kube/events';
import { FakeClock } from '../../lib/fake-clock';
import { FakeTransport } from '../../lib/fake-transport';
import { recordingLogger } from '../../lib/recording-logger';

const regarding = { apiVersion: 'test.transship.dev/v1', kind: 'Thing', namespace: 'ns', name: 'a', uid: 'u' };
const paused: EventToRecord = { regarding, type: 'Normal', reason: 'Paused', message: 'the container is paused' };

interface Setup {
  clock: FakeClock;
  transport: FakeTransport;
  log: ReturnType<typeof recordingLogger>;
  recorder: EventRecorder;
  /** What was sent: 'POST' or 'PATCH', and the count. */
  sent: () => unknown[];
}

function setUp(): Setup {
  const [clock, transport, log] = [new FakeClock(Date.UTC(2026, 0, 1)), new FakeTransport(), recordingLogger()];
  const recorder = new EventRecorder({ clock, transport, log, component: 'agent', host: 'node-a' });
  const sent = (): unknown[] =>
    transport.requests.map(({ method, body }) => [method, (body as { count: number }).count]);
  return { clock, transport, log, recorder, sent };
}

test('an event names the object, its source and its time', async () => {
  const { transport, recorder } = setUp();
  recorder.record(paused);
  await recorder.flush();
  expect(transport.requests).toMatchObject([{ method: 'POST', path: '/api/v1/namespaces/ns/events' }]);
  expect(transport.requests[0]?.body).toMatchObject({
    metadata: { name: expect.stringMatching(/^a\.[0-9a-f]+$/) as string },
    involvedObject: regarding,
    type: 'Normal',
    reason: 'Paused',
    message: 'the container is paused',
    source: { component: 'agent', host: 'node-a' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
  });
});

test('the same event again within ten minutes counts up, another message or object does not', async () => {
  const { clock, recorder, sent } = setUp();
  recorder.record(paused);
  recorder.record(paused);
  recorder.record({ ...paused, message: 'another' });
  recorder.record({ ...paused, regarding: { ...regarding, uid: 'other' } });
  await recorder.flush();
  await clock.advance(599_000);
  recorder.record(paused);
  await recorder.flush();
  await clock.advance(1_000);
  recorder.record(paused);
  await recorder.flush();
  expect(sent()).toEqual([
    ['POST', 1],
    ['PATCH', 2],
    ['POST', 1],
    ['POST', 1],
    ['PATCH', 3],
    ['POST', 1],
  ]);
});

test('an event that expired on the server is made anew', async () => {
  const { transport, recorder, sent } = setUp();
  recorder.record(paused);
  await recorder.flush();
  transport.answer = ({ method }) => {
    if (method === 'PATCH') throw errorOfAnswer('PATCH', 404, '');
    return {};
  };
  recorder.record(paused);
  await recorder.flush();
  expect(sent()).toEqual([
    ['POST', 1],
    ['PATCH', 2],
    ['POST', 1],
  ]);
});

test('an event that cannot be written is logged, and the next one is written', async () => {
  const { transport, log, recorder } = setUp();
  let calls = 0;
  transport.answer = () => {
    calls += 1;
    if (calls === 1) throw errorOfAnswer('POST', 403, '');
    return {};
  };
  recorder.record(paused);
  recorder.record({ ...paused, reason: 'Frozen' });
  await recorder.flush();
  expect(log.lines).toMatchObject([{ level: 'warn', message: 'event not written', fields: { reason: 'Paused' } }]);
  expect(transport.requests).toHaveLength(2);
});

test('while the API server is away the queue is bounded, and the newest events are kept', async () => {
  const { transport, recorder } = setUp();
  for (let i = 0; i < 1_000; i++) recorder.record({ ...paused, message: `number ${i}` });
  await recorder.flush();
  expect(transport.requests).toHaveLength(200);
  expect(transport.requests.at(-1)?.body).toMatchObject({ message: 'number 999' });
});

test('a message that is too long for the API server is cut', async () => {
  const { transport, recorder } = setUp();
  recorder.record({ ...paused, message: 'x'.repeat(5_000) });
  await recorder.flush();
  expect((transport.requests[0]?.body as { message: string }).message).toHaveLength(1_000);
});

test('an event on an object without a namespace is kept in default', async () => {
  const { transport, recorder } = setUp();
  recorder.record({ ...paused, regarding: { ...regarding, namespace: '' } });
  await recorder.flush();
  expect(transport.requests[0]?.path).toBe('/api/v1/namespaces/default/events');
});

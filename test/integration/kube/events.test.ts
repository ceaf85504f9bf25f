import { randomUUID } from 'node:crypto';
import { EventRecorder } from '../../../src/kube/events';
import { asRecord } from '../../../src/kube/object-meta';
import { systemClock } from '../../../src/runtime/clock';
import { recordingLogger } from '../../lib/recording-logger';
import { adminClient, NAMESPACE } from './scratch';

test('events arrive at the API server, and repeated ones as one with a count', async () => {
  const client = adminClient();
  const log = recordingLogger();
  const recorder = new EventRecorder({ transport: client, clock: systemClock, log, component: 'test', host: 'node-x' });
  const uid = randomUUID();
  const regarding = { apiVersion: 'test.transship.dev/v1', kind: 'Widget', namespace: NAMESPACE, name: 'w', uid };
  for (let i = 0; i < 3; i++) recorder.record({ regarding, type: 'Warning', reason: 'TooSmall', message: 'grow' });
  recorder.record({ regarding, type: 'Normal', reason: 'Grown', message: 'fine now' });
  await recorder.flush();
  expect(log.lines).toEqual([]);

  const path = `/api/v1/namespaces/${NAMESPACE}/events`;
  const fieldSelector = `involvedObject.uid=${uid}`;
  const answer = asRecord(await client.request({ method: 'GET', path, query: { fieldSelector } }));
  const events = answer['items'] as { reason: string; count: number; type: string; message: string }[];
  const told = events.map(({ reason, count, type, message }) => [reason, count, type, message]);
  expect(told.toSorted()).toEqual([
    ['Grown', 1, 'Normal', 'fine now'],
    ['TooSmall', 3, 'Warning', 'grow'],
  ]);
  await client.request({ method: 'DELETE', path, query: { fieldSelector } });
  await client.close();
});

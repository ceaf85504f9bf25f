import { ResourceClient } from '../../../src/kube/resource-client';
import { systemClock } from '../../../src/runtime/clock';
import { Informer } from '../../../src/runtime/informer';
import { mustRun } from '../../lib/lab-tools';
import { recordingLogger } from '../../lib/recording-logger';
import { adminClient, eventually, NAMESPACE, scratchKind } from './scratch';

test('an informer follows the API server through its crash and its new start', async () => {
  const client = adminClient();
  const { type, widgets, remove } = await scratchKind(client);
  const source = new ResourceClient(client, type).listerWatcher({ namespace: NAMESPACE });
  const log = recordingLogger();
  const informer = new Informer({ name: 'widgets', source, clock: systemClock, log });
  const stop = new AbortController();
  const stopped = informer.start(stop.signal);
  await informer.waitForSync();
  await widgets.create(NAMESPACE, { metadata: { name: 'w' }, spec: { size: 1 } });
  await eventually('the object is there', () => informer.list().length === 1);

  mustRun('lab/service', ['kill', 'kube-apiserver']);
  await eventually('the crash is noticed', () => log.lines.length > 0, 5_000);
  expect(informer.list()).toHaveLength(1);
  mustRun('lab/service', ['start', 'kube-apiserver']);

  await widgets.mergePatch(NAMESPACE, 'w', { spec: { size: 2 } });
  await eventually('the change is there', () => informer.get(`${NAMESPACE}/w`)?.size === 2, 15_000);
  await widgets.delete(NAMESPACE, 'w');
  await eventually('the deletion is there', () => informer.list().length === 0);
  stop.abort();
  await stopped;
  await remove();
  await client.close();
}, 180_000);

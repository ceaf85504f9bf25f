import { ResourceClient } from '../../../src/kube/resource-client';
import { systemClock } from '../../../src/runtime/clock';
import { Informer } from '../../../src/runtime/informer';
import { mustRun } from '../../lib/lab-tools';
import { recordingLogger } from '../../lib/recording-logger';
import { adminClient, afterwards, eventually, NAMESPACE, scratchKind } from './scratch';

test('an informer follows the API server through its crash and its new start', async () => {
  const client = adminClient();
  afterwards(() => client.close());
  const { type, widgets, remove } = await scratchKind(client);
  afterwards(remove);
  const source = new ResourceClient(client, type).listerWatcher({ namespace: NAMESPACE });
  const log = recordingLogger();
  const informer = new Informer({ name: 'widgets', source, clock: systemClock, log });
  const stop = new AbortController();
  const stopped = informer.start(stop.signal);
  afterwards(async () => {
    stop.abort();
    await stopped;
  });
  await informer.waitForSync();
  await widgets.create(NAMESPACE, { metadata: { name: 'w' }, spec: { size: 1 } });
  await eventually('the object is there', () => informer.list().length === 1);

  try {
    mustRun('lab/service', ['kill', 'kube-apiserver']);
    await eventually('the crash is noticed', () => log.lines.length > 0, 5_000);
    expect(informer.list()).toHaveLength(1);
  } finally {
    // Whatever comes of this test, those after it need the API server; what runs already is left as it is.
    mustRun('lab/service', ['start', 'kube-apiserver']);
  }

  await widgets.mergePatch(NAMESPACE, 'w', { spec: { size: 2 } });
  await eventually('the change is there', () => informer.get(`${NAMESPACE}/w`)?.size === 2, 15_000);
  await widgets.delete(NAMESPACE, 'w');
  await eventually('the deletion is there', () => informer.list().length === 0);
}, 180_000);

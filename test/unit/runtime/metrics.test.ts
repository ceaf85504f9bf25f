import { runControllerLoop } from '../../../src/runtime/controller-loop';
import { TerminalError } from '../../../src/runtime/errors';
import { startHealthServer } from '../../../src/runtime/health';
import { Informer } from '../../../src/runtime/informer';
import { Metrics } from '../../../src/runtime/metrics';
import { WorkQueue } from '../../../src/runtime/work-queue';
import { FakeClock } from '../../lib/fake-clock';
import { FakeListerWatcher } from '../../lib/fake-lister-watcher';
import { metricValue } from '../../lib/prometheus-text';
import { recordingLogger } from '../../lib/recording-logger';

test('the process tells its memory, descriptors, resources and the delay of its event loop', async () => {
  const text = await new Metrics().render();
  for (const name of [
    'process_resident_memory_bytes',
    'process_open_fds',
    'process_start_time_seconds',
    'nodejs_active_resources_total',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes',
  ]) {
    expect([name, metricValue(text, name) !== undefined]).toEqual([name, true]);
  }
});

test('two of them count apart', async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.leader('controller', true);
  other.leader('controller', false);
  const read = async (metrics: Metrics): Promise<number | undefined> =>
    metricValue(await metrics.render(), 'leader_election_master_status', { name: 'controller' });
  expect([await read(one), await read(other)]).toEqual([1, 0]);
});

test('a queue and its loop tell depth, waits, retries and how reconciles ended', async () => {
  const metrics = new Metrics();
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 1, observer: metrics.queue('q') });
  for (const key of ['good', 'bad', 'worse']) queue.add(key);
  const value = async (name: string, labels: Record<string, string>): Promise<number | undefined> =>
    metricValue(await metrics.render(), name, labels);
  expect(await value('workqueue_depth', { name: 'q' })).toBe(3);
  await clock.advance(3_000);
  const stop = new AbortController();
  let failures = 0;
  const ended = runControllerLoop(
    {
      name: 'c',
      queue,
      clock,
      log: recordingLogger(),
      onReconciled: metrics.reconciles('c'),
      reconcile: async (key) => {
        await clock.sleep(1_000);
        if (key === 'worse') throw new TerminalError('NeverGood', 'it stays so');
        if (key === 'bad' && failures++ === 0) throw new Error('not yet');
        return {};
      },
    },
    stop.signal,
  );
  await clock.advance(10_000);
  expect({
    depth: await value('workqueue_depth', { name: 'q' }),
    adds: await value('workqueue_adds_total', { name: 'q' }),
    retries: await value('workqueue_retries_total', { name: 'q' }),
    waitedSeconds: await value('workqueue_queue_duration_seconds_sum', { name: 'q' }),
    success: await value('controller_reconcile_total', { controller: 'c', result: 'success' }),
    retry: await value('controller_reconcile_total', { controller: 'c', result: 'retry' }),
    terminal: await value('controller_reconcile_total', { controller: 'c', result: 'terminal' }),
    workedSeconds: await value('controller_reconcile_time_seconds_sum', { controller: 'c' }),
  }).toEqual({
    depth: 0,
    adds: 4,
    retries: 1,
    // 3, 4 and 5 s for the first three, which one worker took in turn; the retry came due while the third was at work.
    waitedSeconds: 12 + 0.8,
    success: 2,
    retry: 1,
    terminal: 1,
    workedSeconds: 4,
  });
  stop.abort();
  await ended;
});

test('an informer tells its open watch, the watches that ended and how, and its lists', async () => {
  const metrics = new Metrics();
  const clock = new FakeClock();
  const server = new FakeListerWatcher(clock);
  const observer = metrics.informer('things');
  const informer = new Informer({ name: 'things', source: server, clock, log: recordingLogger(), observer });
  const stop = new AbortController();
  const stopped = informer.start(stop.signal);
  const read = async (): Promise<(number | undefined)[]> => {
    const text = await metrics.render();
    const ended = (result: string): number | undefined =>
      metricValue(text, 'informer_watch_restarts_total', { name: 'things', result });
    const count = (name: string): number | undefined => metricValue(text, name, { name: 'things' });
    return [count('informer_watches'), ended('success'), ended('error'), count('informer_lists_total')];
  };
  // The server ends a watch after 30 s.
  await clock.advance(31_000);
  expect(await read()).toEqual([1, 1, undefined, 1]);
  server.cut();
  await clock.advance(10_000);
  expect(await read()).toEqual([1, 1, 1, 1]);
  server.outage = new Error('ECONNREFUSED');
  server.compact();
  await clock.advance(10_000);
  expect((await read())[0]).toBe(0);
  server.outage = undefined;
  await clock.advance(15_000);
  const [watches, , , lists] = await read();
  expect([watches, lists]).toEqual([1, 2]);
  stop.abort();
  await clock.advance(1);
  await stopped;
  expect((await read())[0]).toBe(0);
});

test('they are served beside the health checks', async () => {
  const metrics = new Metrics();
  metrics.request('GET', '200', 20);
  const common = { port: 0, address: '127.0.0.1', clock: new FakeClock(), log: recordingLogger() };
  const server = await startHealthServer({ ...common, live: [], ready: [], metrics });
  const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  const text = await answer.text();
  await server.close();
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, metrics.contentType]);
  expect(metricValue(text, 'rest_client_requests_total', { verb: 'GET', code: '200' })).toBe(1);
});

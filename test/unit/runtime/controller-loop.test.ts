import type { Reconcile } from '../../../src/runtime/controller-loop';
import { runControllerLoop } from '../../../src/runtime/controller-loop';
import { TerminalError } from '../../../src/runtime/errors';
import { WorkQueue } from '../../../src/runtime/work-queue';
import { FakeClock } from '../../lib/fake-clock';
import { recordingLogger } from '../../lib/recording-logger';

interface Loop {
  clock: FakeClock;
  queue: WorkQueue;
  log: ReturnType<typeof recordingLogger>;
  /** When each reconcile began. */
  startedAtMs: number[];
  stop: AbortController;
  ended: Promise<void>;
}

function startLoop(reconcile: Reconcile, options: { workers?: number } = {}): Loop {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 1 });
  const log = recordingLogger();
  const stop = new AbortController();
  const startedAtMs: number[] = [];
  const counted: Reconcile = (key, context) => {
    startedAtMs.push(clock.monotonic());
    return reconcile(key, context);
  };
  const ended = runControllerLoop({ name: 'test', queue, reconcile: counted, clock, log, ...options }, stop.signal);
  return { clock, queue, log, startedAtMs, stop, ended };
}

test('a reconcile that asks for a requeue is called again after that time', async () => {
  const loop = startLoop(() => Promise.resolve({ requeueAfterMs: 5_000 }));
  loop.queue.add('a');
  await loop.clock.advance(12_000);
  expect(loop.startedAtMs).toEqual([0, 5_000, 10_000]);
});

test('a reconcile that asks for nothing is not called again', async () => {
  const loop = startLoop(() => Promise.resolve({}));
  loop.queue.add('a');
  await loop.clock.advance(600_000);
  expect(loop.startedAtMs).toEqual([0]);
});

test('an error is retried after waits that double, and a success makes them short again', async () => {
  let calls = 0;
  const loop = startLoop(() => {
    calls += 1;
    return calls === 3 ? Promise.resolve({ requeueAfterMs: 1_000 }) : Promise.reject(new Error('not yet'));
  });
  loop.queue.add('a');
  await loop.clock.advance(2_000);
  expect(loop.startedAtMs).toEqual([0, 200, 600, 1_600, 1_800]);
});

test('a terminal error is logged once and not retried', async () => {
  const loop = startLoop(() => Promise.reject(new TerminalError('NoSuchThing', 'it will never be')));
  loop.queue.add('a');
  await loop.clock.advance(600_000);
  expect(loop.startedAtMs).toEqual([0]);
  expect(loop.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('an exception thrown before the first await is retried as any other', async () => {
  const loop = startLoop(() => {
    throw new Error('at once');
  });
  loop.queue.add('a');
  await loop.clock.advance(250);
  expect(loop.startedAtMs).toEqual([0, 200]);
});

test('every reconcile has an ID of its own in its log, beside the key', async () => {
  const loop = startLoop((_key, { log }) => {
    log.info('here');
    return Promise.resolve({});
  });
  loop.queue.add('a');
  loop.queue.add('b');
  await loop.clock.advance(1);
  const lines = loop.log.lines.filter(({ message }) => message === 'here');
  expect(lines.map(({ fields }) => fields['key'])).toEqual(['a', 'b']);
  expect(new Set(lines.map(({ fields }) => fields['reconcileID'])).size).toBe(2);
});

test('a reconcile that takes long is mentioned', async () => {
  const loop = startLoop(async () => {
    await loop.clock.sleep(70_000);
    return {};
  });
  loop.queue.add('a');
  await loop.clock.advance(59_999);
  expect(loop.log.lines).toEqual([]);
  await loop.clock.advance(1);
  expect(loop.log.lines).toMatchObject([{ level: 'warn', message: 'reconcile takes long', fields: { key: 'a' } }]);
});

test('a slow key does not hold up another when there are two workers', async () => {
  const order: string[] = [];
  const loop = startLoop(
    async (key) => {
      await loop.clock.sleep(key === 'slow' ? 1_000 : 1);
      order.push(key);
      return {};
    },
    { workers: 2 },
  );
  loop.queue.add('slow');
  loop.queue.add('fast');
  await loop.clock.advance(2_000);
  expect(order).toEqual(['fast', 'slow']);
});

describe('a stop', () => {
  test('lets the running reconcile end, begins no other and leaves no timer', async () => {
    const done: string[] = [];
    const loop = startLoop(async (key) => {
      await loop.clock.sleep(1_000);
      done.push(key);
      return { requeueAfterMs: 1 };
    });
    loop.queue.add('running');
    loop.queue.add('waiting');
    await loop.clock.advance(10);
    loop.stop.abort();
    await loop.clock.advance(5_000);
    await loop.ended;
    expect(done).toEqual(['running']);
    expect(loop.clock.pendingSleeps).toBe(0);
  });

  test('tells the running reconcile, whose error then is no failure', async () => {
    const loop = startLoop(async (_key, { signal }) => {
      await loop.clock.sleep(1_000_000, signal);
      return {};
    });
    loop.queue.add('a');
    await loop.clock.advance(10);
    loop.stop.abort();
    await loop.ended;
    expect(loop.log.lines.map(({ level }) => level)).toEqual(['info']);
  });

  test('does not wait longer than the drain deadline', async () => {
    const loop = startLoop(() => new Promise(() => undefined));
    loop.queue.add('a');
    await loop.clock.advance(10);
    loop.stop.abort();
    await loop.clock.advance(10_000);
    await loop.ended;
    expect(loop.log.lines.at(-1)).toMatchObject({ message: 'stopped while reconciles were still running' });
  });
});

import fc from 'fast-check';
import { WorkQueue } from '../../../src/runtime/work-queue';
import { FakeClock, settle } from '../../lib/fake-clock';

function makeQueue(): { clock: FakeClock; queue: WorkQueue } {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, random: () => 1, baseDelayMs: 200, maxDelayMs: 1_000 }) };
}

/** Takes a key and lays it down again. */
async function take(queue: WorkQueue): Promise<string | undefined> {
  const key = await queue.get();
  if (key !== undefined) queue.done(key);
  return key;
}

test('a key that is added twice waits once', async () => {
  const { queue } = makeQueue();
  queue.add('a');
  queue.add('b');
  queue.add('a');
  expect(queue.length).toBe(2);
  expect([await take(queue), await take(queue)]).toEqual(['a', 'b']);
  expect(queue.length).toBe(0);
});

test('a worker that waits gets the next key', async () => {
  const { queue } = makeQueue();
  const waiting = queue.get();
  queue.add('a');
  expect(await waiting).toBe('a');
});

test('a key that is added while it is processed is given out again, and only after that', async () => {
  const { queue } = makeQueue();
  queue.add('a');
  await queue.get();
  queue.add('a');
  expect(queue.length).toBe(0);
  queue.done('a');
  expect(queue.length).toBe(1);
  expect(await queue.get()).toBe('a');
});

test('of two delays for one key the earlier holds, and it comes once', async () => {
  const { clock, queue } = makeQueue();
  queue.addAfter('a', 500);
  queue.addAfter('a', 100);
  queue.addAfter('a', 900);
  await clock.advance(99);
  expect(queue.length).toBe(0);
  await clock.advance(1);
  expect(await take(queue)).toBe('a');
  await clock.advance(10_000);
  expect(queue.length).toBe(0);
});

test('a delay of nothing adds at once', () => {
  const { queue } = makeQueue();
  queue.addAfter('a', 0);
  expect(queue.length).toBe(1);
});

test('rate-limited waits double up to the maximum, for each key by itself, until it is forgotten', async () => {
  const { clock, queue } = makeQueue();
  const waitOf = async (key: string): Promise<number> => {
    const startedAt = clock.monotonic();
    queue.addRateLimited(key);
    for (;;) {
      await clock.advance(1);
      if (queue.length > 0) break;
    }
    await take(queue);
    return clock.monotonic() - startedAt;
  };
  const waits = [await waitOf('a'), await waitOf('a'), await waitOf('a'), await waitOf('a'), await waitOf('b')];
  queue.forget('a');
  expect([...waits, await waitOf('a')]).toEqual([200, 400, 800, 1_000, 200, 200]);
});

describe('shutdown', () => {
  test('sends waiting workers home, drops what waits and accepts nothing more', async () => {
    const { clock, queue } = makeQueue();
    const waiting = queue.get();
    queue.addAfter('late', 10);
    expect(await queue.shutdown(1_000)).toBe(true);
    queue.add('more');
    queue.addAfter('more', 10);
    expect(await waiting).toBeUndefined();
    expect(await queue.get()).toBeUndefined();
    expect([queue.length, clock.pendingSleeps]).toEqual([0, 0]);
  });

  test('waits for the keys that are being processed, which are not given out again', async () => {
    const { clock, queue } = makeQueue();
    queue.add('a');
    await queue.get();
    queue.add('a');
    let drained: boolean | undefined;
    void queue.shutdown(1_000).then((result) => (drained = result));
    await clock.advance(999);
    expect(drained).toBeUndefined();
    queue.done('a');
    await settle();
    expect([drained, queue.length, clock.pendingSleeps]).toEqual([true, 0, 0]);
  });

  test('gives up on a worker that does not finish in time', async () => {
    const { clock, queue } = makeQueue();
    queue.add('a');
    await queue.get();
    const drained = queue.shutdown(1_000);
    await clock.advance(1_000);
    expect(await drained).toBe(false);
  });
});

test('no key is ever with two workers, and every add is followed by a processing, in every interleaving', async () => {
  const step = fc.record({
    how: fc.constantFrom('add', 'addAfter', 'addRateLimited', 'forget', 'nothing'),
    key: fc.constantFrom('a', 'b', 'c'),
    ms: fc.integer({ min: 0, max: 50 }),
    thenWaitMs: fc.integer({ min: 0, max: 20 }),
  });
  const scenario = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    workMs: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
    steps: fc.array(step, { maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ workers, workMs, steps }) => {
      const { clock, queue } = makeQueue();
      const busy = new Set<string>();
      const lastStart = new Map<string, number>();
      const lastAdd = new Map<string, number>();
      let order = 0;
      let turn = 0;
      const work = async (): Promise<void> => {
        for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
          if (busy.has(key)) throw new Error(`${key} is with two workers`);
          busy.add(key);
          lastStart.set(key, ++order);
          await clock.sleep(workMs[turn++ % workMs.length] ?? 0);
          busy.delete(key);
          queue.done(key);
        }
      };
      const finished = Promise.all(Array.from({ length: workers }, work));
      for (const { how, key, ms, thenWaitMs } of steps) {
        if (how !== 'nothing' && how !== 'forget') lastAdd.set(key, ++order);
        if (how === 'add') queue.add(key);
        if (how === 'addAfter') queue.addAfter(key, ms);
        if (how === 'addRateLimited') queue.addRateLimited(key);
        if (how === 'forget') queue.forget(key);
        await clock.advance(thenWaitMs);
      }
      await clock.advance(60_000);
      for (const [key, addedAt] of lastAdd) expect(lastStart.get(key)).toBeGreaterThan(addedAt);
      expect([queue.length, busy.size, clock.pendingSleeps]).toEqual([0, 0, 0]);
      await queue.shutdown(0);
      await finished;
    }),
    { numRuns: 150 },
  );
}, 60_000);

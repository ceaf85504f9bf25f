import fc from 'fast-check';
import { Pace, paced } from '../../../src/runtime/pace';
import { FakeClock } from '../../lib/fake-clock';

const never = new AbortController().signal;

async function* pieces(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield Promise.resolve(new Uint8Array(size));
}

/** Sends pieces, and notes when each came out, in ms. */
async function send(clock: FakeClock, pace: Pace | undefined, sizes: readonly number[]): Promise<[number, number][]> {
  const came: [number, number][] = [];
  for await (const { length } of paced(pieces(sizes), pace, never)) came.push([clock.monotonic(), length]);
  return came;
}

test('what is sent takes its time, and no more', async () => {
  const clock = new FakeClock();
  const sent = send(clock, new Pace(clock, 1_000), [500, 500, 2_000]);
  await clock.advance(10_000);
  expect(await sent).toEqual([
    [500, 500],
    [1_000, 500],
    [3_000, 2_000],
  ]);
});

test('without a pace nothing is held back', async () => {
  const clock = new FakeClock();
  expect(await send(clock, undefined, [1_000_000, 1])).toEqual([
    [0, 1_000_000],
    [0, 1],
  ]);
});

test('many copies share it, each getting on', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1_000);
  const sizes = Array.from({ length: 10 }, () => 500);
  const sent = Promise.all([send(clock, pace, sizes), send(clock, pace, sizes)]);
  await clock.advance(60_000);
  const [one, other] = await sent;
  expect(Math.max(...[...one, ...other].map(([at]) => at))).toBe(10_000);
  expect(one.at(4)?.[0]).toBeLessThanOrEqual(5_000);
  expect(other.at(4)?.[0]).toBeLessThanOrEqual(5_000);
});

test('after a pause nothing comes all at once', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1_000);
  await clock.advance(60_000);
  const sent = send(clock, pace, [2_000]);
  await clock.advance(60_000);
  expect(await sent).toEqual([[62_000, 2_000]]);
});

test('whatever the pieces: in no time more than the pace and a moment, and all of it in due time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 20 }), { minLength: 1, maxLength: 4 }),
      async (copies) => {
        const clock = new FakeClock();
        const pace = new Pace(clock, 10_000);
        const sent = Promise.all(copies.map((sizes) => send(clock, pace, sizes)));
        await clock.advance(60_000);
        const came = (await sent).flat().toSorted(([a], [b]) => a - b);
        let bytes = 0;
        for (const [at, size] of came) {
          bytes += size;
          // What passes without a wait of its own is a tenth of a second's at most.
          expect(bytes).toBeLessThanOrEqual(at * 10 + 1_000 + 1e-6);
        }
        const lastMs = came.at(-1)?.[0] ?? 0;
        expect(lastMs).toBeLessThanOrEqual(bytes / 10 + 1e-6);
      },
    ),
    { numRuns: 50 },
  );
});

test('ends at once with the signal, and leaves no timer', async () => {
  const clock = new FakeClock();
  const abort = new AbortController();
  const waiting = new Pace(clock, 1).pass(1_000, abort.signal);
  const ended = expect(waiting).rejects.toThrow('no longer');
  abort.abort(new Error('no longer'));
  await ended;
  expect(clock.pendingSleeps).toBe(0);
});

import type { Clock } from '../../../src/runtime/clock';
import { onceAborted } from '../../../src/runtime/deadline';
import { LeaderElector } from '../../../src/runtime/leader-elector';
import type { Leadership } from '../../../src/runtime/leadership';
import { FakeClock } from '../../lib/fake-clock';
import { FakeLease, FakeLeaseStore } from '../../lib/fake-lease-store';
import { recordingLogger } from '../../lib/recording-logger';

describe('a leader that was paused and wakes up late', () => {
  /** A clock of a process that the test can pause: time goes on, timers do not fire. */
  class PausableClock implements Clock {
    readonly timers = new FakeClock();
    #pausedMs = 0;
    now = (): number => this.timers.now() + this.#pausedMs;
    monotonic = (): number => this.timers.monotonic() + this.#pausedMs;
    sleep = (ms: number, signal?: AbortSignal): Promise<void> => this.timers.sleep(ms, signal);
    pause(ms: number): void {
      this.#pausedMs += ms;
    }
  }

  function lead(work?: (signal: AbortSignal, leadership: Leadership) => Promise<void>): {
    clock: PausableClock;
    lease: FakeLease;
    terms: { signal: AbortSignal; leadership: Leadership }[];
    end: () => Promise<void>;
  } {
    const clock = new PausableClock();
    const lease = new FakeLease();
    const terms: { signal: AbortSignal; leadership: Leadership }[] = [];
    const stop = new AbortController();
    const ended = new LeaderElector({
      store: new FakeLeaseStore(lease, clock),
      identity: 'a',
      clock,
      log: recordingLogger(),
      onStartedLeading: async (signal, leadership) => {
        terms.push({ signal, leadership });
        await (work ?? onceAborted)(signal, leadership);
      },
    }).run(stop.signal);
    const end = async (): Promise<void> => {
      stop.abort();
      await clock.timers.advance(60_000);
      await ended;
    };
    return { clock, lease, terms, end };
  }

  test('knows by the clock that it does not lead, before any timer tells it', async () => {
    const { clock, terms, end } = lead();
    await clock.timers.advance(100);
    const [term] = terms;
    expect(term?.leadership.isAssured()).toBe(true);
    // Asked for at 0, and assured for 10 s from then on.
    clock.pause(9_899);
    expect([term?.leadership.isAssured(), term?.signal.aborted]).toEqual([true, false]);
    clock.pause(1);
    expect([term?.leadership.isAssured(), term?.signal.aborted]).toEqual([false, true]);
    expect(term?.leadership.lost.aborted).toBe(true);
    await end();
  });

  test('leads again later in another term, and the old one stays over', async () => {
    const { clock, terms, end } = lead();
    await clock.timers.advance(100);
    clock.pause(20_000);
    await clock.timers.advance(20_000);
    expect(terms.map(({ leadership }) => leadership.isAssured())).toEqual([false, true]);
    await end();
  });

  test('goes on as a candidate when its work ends because of that', async () => {
    const { clock, terms, end } = lead(async (signal, leadership) => {
      while (leadership.isAssured() && !signal.aborted) await clock.sleep(10, signal).catch(() => undefined);
    });
    await clock.timers.advance(100);
    clock.pause(20_000);
    await clock.timers.advance(20_000);
    expect(terms).toHaveLength(2);
    await end();
  });

  test('finds the lease in another hand and leaves it there', async () => {
    const { clock, lease, terms, end } = lead();
    await clock.timers.advance(100);
    const record = lease.stored?.record;
    if (record === undefined) throw new Error('nobody leads');
    clock.pause(20_000);
    const { resourceVersion } = lease.write({ ...record, holderIdentity: 'b' });
    await clock.timers.advance(5_000);
    expect([terms.length, terms[0]?.leadership.isAssured(), lease.stored?.resourceVersion]).toEqual([
      1,
      false,
      resourceVersion,
    ]);
    await end();
  });
});

test('a stop lets the work write down what it did, and nothing after the lease is given back', async () => {
  const clock = new FakeClock();
  const lease = new FakeLease();
  const stop = new AbortController();
  let leadership: Leadership | undefined;
  const assured: (boolean | undefined)[] = [];
  const ended = new LeaderElector({
    store: new FakeLeaseStore(lease, clock),
    identity: 'a',
    clock,
    log: recordingLogger(),
    onStartedLeading: async (signal, given) => {
      leadership = given;
      await onceAborted(signal);
      await clock.sleep(3_000);
      assured.push(given.isAssured());
    },
  }).run(stop.signal);
  await clock.advance(5_000);
  stop.abort();
  await clock.advance(5_000);
  await ended;
  assured.push(leadership?.isAssured());
  expect([assured, lease.stored?.record.holderIdentity]).toEqual([[true, false], '']);
});

import { linkAbort, sleptThrough, untilAborted, withDeadline } from '../../../src/runtime/deadline';
import { FakeClock } from '../../lib/fake-clock';

/** Work that never ends, whatever its signal says. */
const deaf = (): Promise<never> => new Promise(() => undefined);

describe('withDeadline', () => {
  test('gives the result of work that is in time, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    await expect(withDeadline({ clock, ms: 100, what: 'it' }, () => Promise.resolve(7))).resolves.toBe(7);
    expect(clock.pendingSleeps).toBe(0);
  });

  test('rejects with DeadlineExceeded and tells the work, even when that ignores its signal', async () => {
    const clock = new FakeClock();
    let told: AbortSignal | undefined;
    const result = withDeadline({ clock, ms: 100, what: 'the call' }, (signal) => {
      told = signal;
      return deaf();
    });
    const rejection = expect(result).rejects.toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'the call took longer than 100 ms',
    });
    await clock.advance(100);
    await rejection;
    expect(told?.aborted).toBe(true);
  });

  test('rejects with the reason of the outer signal', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const result = withDeadline({ clock, ms: 100, what: 'it', signal: stop.signal }, deaf);
    stop.abort(new Error('stopping'));
    await expect(result).rejects.toThrow('stopping');
    expect(clock.pendingSleeps).toBe(0);
  });

  test('a rejection that comes after the deadline is nobody’s problem', async () => {
    const clock = new FakeClock();
    const late = Promise.withResolvers<never>();
    const rejection = expect(withDeadline({ clock, ms: 1, what: 'it' }, () => late.promise)).rejects.toThrow();
    await clock.advance(1);
    await rejection;
    late.reject(new Error('late'));
    await clock.advance(1);
  });
});

describe('linkAbort', () => {
  test('follows its parent, never the other way round', () => {
    const parent = new AbortController();
    const first = linkAbort(parent.signal);
    const second = linkAbort(parent.signal);
    first.abort();
    expect([parent.signal.aborted, second.signal.aborted]).toEqual([false, false]);
    parent.abort(new Error('why'));
    expect(second.signal.reason).toEqual(new Error('why'));
  });

  test('a released link follows no more', () => {
    const parent = new AbortController();
    const link = linkAbort(parent.signal);
    link.release();
    parent.abort();
    expect(link.signal.aborted).toBe(false);
  });

  test('is aborted from the start when the parent is', () => {
    expect(linkAbort(AbortSignal.abort()).signal.aborted).toBe(true);
  });
});

test('untilAborted rejects at once with a signal that is aborted already', async () => {
  await expect(untilAborted(deaf(), AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
});

test('sleptThrough tells a sleep that ended from one that was cut off', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const [whole, cut] = [sleptThrough(clock, 5, stop.signal), sleptThrough(clock, 50, stop.signal)];
  await clock.advance(10);
  stop.abort();
  expect(await Promise.all([whole, cut])).toEqual([true, false]);
});

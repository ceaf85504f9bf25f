import { systemClock } from '../../../src/runtime/clock';

test('a sleep ends after its time', async () => {
  const startedAt = systemClock.monotonic();
  await systemClock.sleep(20);
  expect(systemClock.monotonic() - startedAt).toBeGreaterThanOrEqual(19);
});

test('an aborted sleep rejects at once with the reason of the signal', async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort(new Error('told to stop'));
  await expect(sleeping).rejects.toThrow('told to stop');
});

test('a sleep with a signal that is aborted already rejects', async () => {
  await expect(systemClock.sleep(60_000, AbortSignal.abort())).rejects.toThrow('aborted');
});

test('a sleep longer than a Node.js timer can take does not end at once', async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(2 ** 40, stop.signal);
  const first = await Promise.race([sleeping.then(() => 'slept'), systemClock.sleep(30).then(() => 'still asleep')]);
  stop.abort();
  await expect(sleeping).rejects.toThrow();
  expect(first).toBe('still asleep');
});

import { VolumeAccess } from '../../../src/agent/volume-access';
import { ReasonedError } from '../../../src/runtime/errors';
import { FakeClock } from '../../lib/fake-clock';

const never = (): Promise<never> => new Promise(() => undefined);

let clock: FakeClock;
let volume: VolumeAccess;

beforeEach(() => {
  clock = new FakeClock();
  volume = new VolumeAccess(clock);
});

/** Something that hangs until `answer` is called; by then it has been given up. */
async function hang(): Promise<{ readonly answer: () => void; readonly signal: AbortSignal | undefined }> {
  let answer = (): void => undefined;
  let signal: AbortSignal | undefined;
  const work = volume.within(20, (given) => {
    signal = given;
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  });
  const refused = expect(work).rejects.toMatchObject({ reason: 'VolumeHung' });
  await clock.advance(20);
  await refused;
  return { answer, signal };
}

test('what hangs is given up by name, and can see that it was', async () => {
  const { signal } = await hang();
  expect(signal?.aborted).toBe(true);
});

test('nothing new is begun while what was given up goes on', async () => {
  await hang();
  let begun = false;
  const next = volume.within(20, () => {
    begun = true;
    return never();
  });
  const refused = expect(next).rejects.toMatchObject({ reason: 'VolumeHung' });
  await clock.advance(20);
  await refused;
  expect(begun).toBe(false);
});

test('what was given up does not stand in the way once it has ended', async () => {
  const { answer } = await hang();
  const next = volume.within(20, () => Promise.resolve('read'));
  await clock.advance(10);
  answer();
  expect(await next).toBe('read');
  expect(await volume.within(20, () => Promise.resolve('read again'))).toBe('read again');
});

test('what goes on in time stands in nobody’s way', async () => {
  const slow = volume.within(20, () => clock.sleep(10));
  expect(await volume.within(20, () => Promise.resolve('read'))).toBe('read');
  await clock.advance(10);
  await slow;
});

test('any other failure comes through as it is', async () => {
  const fault = new ReasonedError('CheckpointCorrupt', 'for the test');
  await expect(volume.within(20, () => Promise.reject(fault))).rejects.toBe(fault);
  expect(clock.pendingSleeps).toBe(0);
});

test('the caller can end it early', async () => {
  const caller = new AbortController();
  const work = volume.within(20, never, caller.signal);
  caller.abort(new Error('no longer wanted'));
  await expect(work).rejects.toThrow('no longer wanted');
});

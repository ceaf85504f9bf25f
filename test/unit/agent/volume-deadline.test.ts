import { onVolume } from '../../../src/agent/volume-deadline';
import { ReasonedError } from '../../../src/runtime/errors';
import { systemClock } from '../../../src/runtime/clock';

const never = (): Promise<never> => new Promise(() => undefined);

test('a volume that does not answer is given up, by name', async () => {
  await expect(onVolume(systemClock, 20, never)).rejects.toMatchObject({ reason: 'VolumeHung' });
});

test('what was given up can see that it was', async () => {
  let seen: AbortSignal | undefined;
  const work = (signal: AbortSignal): Promise<never> => {
    seen = signal;
    return never();
  };
  await expect(onVolume(systemClock, 20, work)).rejects.toThrow();
  expect(seen?.aborted).toBe(true);
});

test('any other failure, and any answer, comes through as it is', async () => {
  const fault = new ReasonedError('CheckpointCorrupt', 'for the test');
  await expect(onVolume(systemClock, 1_000, () => Promise.reject(fault))).rejects.toBe(fault);
  expect(await onVolume(systemClock, 1_000, () => Promise.resolve('read'))).toBe('read');
});

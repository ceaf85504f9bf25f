import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { measureClockOffset, offsetOf } from '../../../src/store/clock-offset';
import { createPreciseClock } from '../../../src/store/precise-clock';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();

describe('on a real file system', () => {
  test('the volume’s clock is the node’s own: no offset, within the error', async () => {
    const { offsetMicroseconds, errorMicroseconds } = await measureClockOffset(root(), 'node-a');
    expect(Math.abs(offsetMicroseconds)).toBeLessThanOrEqual(errorMicroseconds);
    expect(errorMicroseconds).toBeLessThan(1_000_000);
    expect(readdirSync(join(root(), '.transship/clock/node-a'))).toEqual([]);
  });

  test('a node whose clock is ahead', async () => {
    const clock = createPreciseClock();
    const ahead = { ...clock, now: () => clock.now() + 5_000_000 };
    const measured = await measureClockOffset(root(), 'node-a', { preciseClock: ahead });
    expect(Math.abs(measured.offsetMicroseconds - 5_000_000)).toBeLessThanOrEqual(measured.errorMicroseconds);
  });

  test('a volume that is not there', async () => {
    await expect(measureClockOffset(join(root(), 'none'), 'node-a')).rejects.toThrow(
      expect.objectContaining({ reason: 'VolumeMissing' }) as Error,
    );
  });
});

describe('the arithmetic', () => {
  /** Samples as a node would take them whose clock is ahead by `offset`. */
  const samples = (
    offset: number,
    tick: number,
    requests: readonly { wait: number; there: number; back: number }[],
  ) => {
    let server = 1_000_000;
    return requests.map(({ wait, there, back }) => {
      const before = (server += wait) + offset;
      server += there;
      const stamp = Math.floor(server / tick) * tick;
      server += back;
      return { before, stamp, after: server + offset };
    });
  };
  const requests = fc.array(fc.record({ wait: fc.nat(3_000), there: fc.nat(5_000), back: fc.nat(5_000) }), {
    minLength: 1,
    maxLength: 16,
  });
  const offsets = fc.integer({ min: -1e9, max: 1e9 });

  test.each([1, 1_000, 4_000, 10_000])('the true offset is within the error, at a tick of %i µs', (tick) => {
    fc.assert(
      fc.property(offsets, requests, (offset, network) => {
        const { offsetMicroseconds, errorMicroseconds } = offsetOf(samples(offset, tick, network), 0);
        expect(Math.abs(offsetMicroseconds - offset)).toBeLessThanOrEqual(errorMicroseconds + 1);
      }),
    );
  });

  test('samples that contradict the believed tick widen the error instead of hiding it', () => {
    const contradicting = [
      { before: 0, stamp: 0, after: 0 },
      { before: 30_000, stamp: 0, after: 30_000 },
    ];
    expect(offsetOf(contradicting, 0)).toEqual({ offsetMicroseconds: 0, errorMicroseconds: 0 });
  });

  test('the error of the clock itself is added', () => {
    const one = [{ before: 0, stamp: 0, after: 2_000 }];
    expect(offsetOf(one, 7).errorMicroseconds).toBe(offsetOf(one, 0).errorMicroseconds + 7);
  });
});

test('the precise clock agrees with the clock of the machine', () => {
  const clock = createPreciseClock();
  const before = Date.now() * 1000;
  const now = clock.now();
  const after = (Date.now() + 1) * 1000;
  expect(now).toBeGreaterThanOrEqual(before - clock.errorMicroseconds);
  expect(now).toBeLessThanOrEqual(after + clock.errorMicroseconds);
});

test('the precise clock counts from the moment at which the millisecond changed', () => {
  // Every look takes 300 µs; the wall clock is 400 µs past the millisecond at the beginning.
  let ns = 400_000n;
  const look = (): bigint => (ns += 300_000n);
  const clock = createPreciseClock({ wallMs: () => Math.floor(Number(look()) / 1e6), monotonicNs: look });
  const now = clock.now();
  expect(Math.abs(now - Number(ns) / 1000)).toBeLessThanOrEqual(clock.errorMicroseconds);
});

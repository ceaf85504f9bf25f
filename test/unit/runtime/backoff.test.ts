import fc from 'fast-check';
import { backoffMs } from '../../../src/runtime/backoff';

test.each([
  ['the first wait is between half the base and the base', 0, [100, 200]],
  ['every attempt doubles it', 3, [800, 1_600]],
  ['it stops growing at the maximum', 20, [30_000, 60_000]],
])('%s', (_name, attempt, [shortest, longest]) => {
  const options = { baseMs: 200, maxMs: 60_000 };
  expect(backoffMs(attempt, { ...options, random: () => 0 })).toBe(shortest);
  expect(backoffMs(attempt, { ...options, random: () => 1 })).toBe(longest);
});

test('every wait is positive and never above the maximum, however many attempts failed', () => {
  const cases = fc.record({
    attempt: fc.integer({ min: 0, max: 5_000 }),
    baseMs: fc.integer({ min: 1, max: 10_000 }),
    maxMs: fc.integer({ min: 1, max: 600_000 }),
    chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(cases, ({ attempt, baseMs, maxMs, chance }) => {
      const ms = backoffMs(attempt, { baseMs, maxMs, random: () => chance });
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(maxMs);
    }),
  );
});

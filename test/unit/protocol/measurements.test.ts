import * as fc from 'fast-check';
import { formatDuration, parseDuration, preciseMs } from '../../../src/protocol/duration';
import { downtimeOf, timingsOf } from '../../../src/protocol/measurements';
import { decision, migration, source, target } from '../../lib/migration';

const clock = (offsetMicroseconds: number, errorMicroseconds: number): object => ({
  clock: { offsetMicroseconds, errorMicroseconds },
});

const measured = migration({
  decision: decision('Freeze'),
  startedAt: '2026-01-01T00:00:00.000Z',
  phaseTransitions: [
    { phase: 'Preflight', at: '2026-01-01T00:00:00.000Z' },
    { phase: 'Preparing', at: '2026-01-01T00:00:00.250Z' },
    { phase: 'Freezing', at: '2026-01-01T00:00:00.400Z' },
  ],
  source: source('Released', {
    ...clock(0, 1000),
    freezeStartedAt: '2026-01-01T00:00:01.000Z',
    lastRanAt: '2026-01-01T00:00:01.020000Z',
    frozenAt: '2026-01-01T00:00:01.030Z',
    dumpedAt: '2026-01-01T00:00:01.200Z',
    publishedAt: '2026-01-01T00:00:01.210Z',
  }),
  // The target's clock is five seconds ahead of the volume's.
  target: target('Restored', {
    ...clock(5_000_000, 2500),
    seenAt: '2026-01-01T00:00:06.220Z',
    verifiedAt: '2026-01-01T00:00:06.230Z',
    claimedAt: '2026-01-01T00:00:06.230Z',
    wakeStartedAt: '2026-01-01T00:00:06.250Z',
    resumedAt: '2026-01-01T00:00:06.500500Z',
    startedAt: '2026-01-01T00:00:06.510Z',
  }),
});

test('the downtimes are brought to one clock, with the bound of their error', () => {
  expect(downtimeOf(measured)).toEqual({ frozen: '501ms', outage: '490ms', clockErrorBound: '9ms' });
});

test('there is no downtime before the container runs again', () => {
  const { status } = measured;
  expect(downtimeOf({ ...measured, status: { ...status, target: target('Claimed') } })).toBeUndefined();
});

test('a figure whose clocks were not compared is left out', () => {
  const { status } = measured;
  expect(
    downtimeOf({ ...measured, status: { ...status, target: { ...status.target, clock: undefined } as never } }),
  ).toEqual({});
});

test('every part has its time', () => {
  expect(timingsOf(measured, '2026-01-01T00:00:02.000Z')).toEqual({
    preflight: '250ms',
    prepare: '150ms',
    freeze: '30ms',
    dump: '170ms',
    publish: '10ms',
    handover: '10ms',
    verify: '10ms',
    claim: '20ms',
    restore: '251ms',
    total: '2s',
  });
});

test.each([
  [0, '0ms'],
  [-5, '0ms'],
  [999.4, '999ms'],
  [1000, '1s'],
  [1204, '1.204s'],
  [61_500, '1m1.5s'],
])('%d ms is written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('microseconds of a time are not lost', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), (micros) => {
      const time = `2026-01-01T00:00:00.${String(micros).padStart(6, '0')}Z`;
      expect(preciseMs(time)).toBeCloseTo(Date.parse('2026-01-01T00:00:00Z') + micros / 1000, 3);
    }),
  );
});

test.each([
  ['500ms', 500],
  ['2s', 2_000],
  ['1.5s', 1_500],
  ['1m30s', 90_000],
  ['2h', 7_200_000],
])('%s is read as %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

import fc from 'fast-check';
import { seededRandom } from '../../soak/random';
import { Series } from '../../soak/series';
import type { Point } from '../../soak/trend';
import { memoryTrendOf, trendOf } from '../../soak/trend';

const TOLERANCE = { absolute: 6, relative: 0.1 };
/** 200 readings, one every 2 s. */
const readings = (valueAt: (index: number) => number): Point[] =>
  Array.from({ length: 200 }, (_none, index) => ({ atSeconds: index * 2, value: valueAt(index) }));
const random = seededRandom(7);

test.each<[string, (index: number) => number, boolean]>([
  ['a constant is flat', () => 40, false],
  ['noise is flat', () => 40 + random.between(-10, 10), false],
  ['a saw tooth is flat', (index) => 40 + (index % 25), false],
  ['what rises only while it warms up is flat', (index) => Math.min(100, 40 + index * 2), false],
  ['one high reading at the end is flat', (index) => (index === 199 ? 1_000 : 40), false],
  ['a fall is flat', (index) => 100 - index / 4, false],
  ['a rise within the tolerance is flat', (index) => 40 + index / 40, false],
  ['one more with every tenth reading is growth', (index) => 40 + index / 10, true],
  ['growth under noise is growth', (index) => 40 + index / 5 + random.between(-10, 10), true],
  ['a saw tooth on a rising base is growth', (index) => 40 + index / 5 + (index % 25), true],
])('%s', (_what, valueAt, grew) => {
  expect(trendOf(readings(valueAt), TOLERANCE)?.grew).toBe(grew);
});

test.each<[string, (index: number) => number, boolean]>([
  [
    'garbage that is collected now and then is flat, however high it piles up',
    (index) => 40 + (index % 40) * (1 + index / 50),
    false,
  ],
  ['a step that stays within the tolerance is flat', (index) => (index < 100 ? 40 : 45) + (index % 10), false],
  ['what garbage hides from single readings is growth', (index) => 40 + index / 8 + (index % 40) * 2, true],
])('memory: %s', (_what, valueAt, grew) => {
  expect(memoryTrendOf(readings(valueAt), TOLERANCE)?.grew).toBe(grew);
});

test('memory is not judged before the garbage collector had time', () => {
  expect(memoryTrendOf(readings((index) => index).slice(0, 90), TOLERANCE)).toBeUndefined();
});

test('too few readings are no verdict', () => {
  expect(trendOf(readings((index) => index).slice(0, 12), TOLERANCE)).toBeUndefined();
});

test('the same seed gives the same numbers, all of them in range', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [one, other] = [seededRandom(seed), seededRandom(seed)];
      for (let i = 0; i < 20; i++) {
        const value = one.next();
        expect(value).toBe(other.next());
        expect(value >= 0 && value < 1).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

const metrics = (startedAt: number, descriptors: number): string =>
  `process_start_time_seconds ${startedAt}\nprocess_open_fds ${descriptors}\n`;

test('a restart begins a new series: less after it and more before it is no trend', () => {
  const series = new Series();
  for (let i = 0; i < 100; i++) series.add('agent', i * 2, metrics(i < 50 ? 1 : 2, i < 50 ? 20 : 60));
  expect(series.findings().filter(({ trend }) => trend?.grew === true)).toEqual([]);
  expect(series.restarts).toBe(1);
});

test('growth in any life of a process is told, also when another life was longer', () => {
  const series = new Series();
  for (let i = 0; i < 300; i++) series.add('agent', i * 2, metrics(i < 60 ? 1 : 2, i < 60 ? 20 + i : 20));
  const grown = series.findings().filter(({ trend }) => trend?.grew === true);
  expect(grown.map(({ figure }) => figure.name)).toEqual(['file descriptors']);
});

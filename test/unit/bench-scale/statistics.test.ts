import { fitLine, latencyOf, percentile } from '../../bench-scale/statistics';

describe('a percentile', () => {
  test('is one of the values: the smallest that so many do not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_none, index) => 100 - index);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([3, 1], 0.99)).toBe(3);
    expect(percentile([3, 1], 0.5)).toBe(1);
  });

  test('of nothing is not a number, and leaves the values as they were', () => {
    expect(percentile([], 0.5)).toBeNaN();
    const values = [2, 1];
    expect(latencyOf(values)).toEqual({ count: 2, p50Ms: 1, p99Ms: 2, maxMs: 2 });
    expect(values).toEqual([2, 1]);
  });
});

describe('a straight line', () => {
  test('through points on a line is that line', () => {
    const line = fitLine([1, 2, 5].map((x) => ({ x, y: 3 * x + 7 })));
    expect(line.slope).toBeCloseTo(3);
    expect(line.intercept).toBeCloseTo(7);
    expect(line.rSquared).toBeCloseTo(1);
  });

  test('explains nothing of points that go up and down', () => {
    expect(fitLine([0, 1, 2, 3].map((x) => ({ x, y: [1, -1, -1, 1][x] ?? 0 }))).rSquared).toBeCloseTo(0);
  });

  test('through points on one level is flat, and explains them', () => {
    expect(fitLine([1, 2, 3].map((x) => ({ x, y: 4 })))).toEqual({ slope: 0, intercept: 4, rSquared: 1 });
  });
});

import type { GrowthPoint, Run } from '../../bench-scale/figures';
import { markdown } from '../../bench-scale/report';

const point = (objects: number): GrowthPoint => ({
  objects,
  mix: { finished: objects - 6, waiting: 3, inFlight: 3 },
  firstReactionMs: 1_234,
  caughtUpMs: 2_000,
  caughtUpCpuSeconds: 1.5,
  idle: {
    seconds: 60,
    cpuSecondsPerMinute: 0.5,
    residentBytes: 100 << 20,
    heapBytes: (30 << 20) + objects * 10_240,
    requestsPerMinute: { GET: 12, PUT: 30 },
  },
});

const run: Run = {
  startedAt: '2026-01-01T12:34:56.000Z',
  machine: { cores: 2, model: 'a processor', kernel: '6.1', node: 'v24.0.0', loadAverage: 0.5 },
  apiServer: 'v1.20.2',
  commit: 'abc',
  measured: { growth: [point(100), point(1_000)], loads: [] },
};

test('every line of a table is as wide as its header, and the most used requests come first', () => {
  const rows = markdown(run, [{ rule: 'it scales', found: 'it does not', holds: false }])
    .split('\n')
    .filter((line) => line.startsWith('| 1'));
  expect(rows).toHaveLength(2);
  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  expect(rows[0]).toMatch(/^\| 100 .*3 \/ 3 .*1\.2 .*30 PUT, 12 GET/);
});

test('a broken rule stands out, the lines are told, and another build only when there was one', () => {
  const text = markdown(run, [{ rule: 'it scales', found: 'it does not', holds: false }]);
  expect(text).toContain('| ✗   | it scales | it does not |');
  expect(text).toContain('10.0 KiB per object, R² 1.000');
  expect(text).not.toContain('## Before');
  expect(markdown({ ...run, before: run.measured }, [])).toContain('| before, 1000 objects | after, 1000 objects |');
});

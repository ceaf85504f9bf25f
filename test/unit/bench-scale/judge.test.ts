import type { GrowthPoint, Load, Measured } from '../../bench-scale/figures';
import { judge } from '../../bench-scale/judge';

const MEBIBYTE = 1 << 20;

function point(objects: number, more: { heapBytes?: number; cpu?: number; startCpu?: number } = {}): GrowthPoint {
  return {
    objects,
    mix: { finished: objects, waiting: 0, inFlight: 0 },
    firstReactionMs: 1_000,
    caughtUpMs: 2_000,
    caughtUpCpuSeconds: more.startCpu ?? 1,
    idle: {
      seconds: 60,
      cpuSecondsPerMinute: more.cpu ?? 0.5,
      residentBytes: 100 * MEBIBYTE,
      heapBytes: more.heapBytes ?? 30 * MEBIBYTE + objects * 5_000,
      requestsPerMinute: {},
    },
  };
}

function load(kind: Load['kind'], more: Partial<Load> = {}): Load {
  const quick = { count: 10, p50Ms: 5, p99Ms: 20, maxMs: 30 };
  return {
    kind,
    objectsBefore: 5_000,
    capacityPerSecond: 100,
    offeredPerSecond: 70,
    seconds: 60,
    created: 10,
    createdPerSecond: 70,
    done: 10,
    drainMs: 0,
    firstWrite: quick,
    reply: quick,
    shares: { controller: 0.2, simulation: 0.2, 'kube-apiserver': 1, etcd: 0.2 },
    residentBytes: 1,
    heapBytes: 1,
    requests: {},
    writesPerMigration: { controller: 10, agents: 9 },
    conflicts: { controller: 0, agents: 0 },
    simulationDelayP99Ms: 1,
    ...more,
  };
}

const COUNTS = [100, 500, 1_000, 2_500, 5_000];
const good: Measured = {
  growth: COUNTS.map((objects) => point(objects)),
  loads: [load('admission'), load('migration')],
};
const broken = (measured: Partial<Measured>): string[] =>
  judge({ ...good, ...measured }).flatMap(({ holds, rule }) => (holds ? [] : [rule.slice(0, 40)]));

test('a controller that scales breaks no rule', () => {
  expect(broken({})).toEqual([]);
});

test('memory that grows with the square of the objects is not linear', () => {
  const growth = COUNTS.map((objects) => point(objects, { heapBytes: 30 * MEBIBYTE + objects ** 2 }));
  expect(broken({ growth })).toEqual(['memory does not grow faster the more the']);
});

test('memory that has nothing to do with the objects is not linear', () => {
  const growth = COUNTS.map((objects, index) => point(objects, { heapBytes: (index % 2 === 0 ? 30 : 90) * MEBIBYTE }));
  expect(broken({ growth })).toContain('memory is linear: the straight line thro');
});

test('an object may not cost too much', () => {
  const growth = COUNTS.map((objects) => point(objects, { heapBytes: objects * 25_000 }));
  expect(broken({ growth })).toEqual(['an object costs at most 16 KiB of heap']);
});

test('idle CPU that grows with the objects is not flat', () => {
  const growth = COUNTS.map((objects) => point(objects, { cpu: 0.5 + objects / 1_000 }));
  expect(broken({ growth })).toEqual(['idle CPU is flat: with 5000 objects at m']);
});

test('a start that takes long, a late answer, a lost object and too many writes are told', () => {
  expect(broken({ growth: COUNTS.map((objects) => point(objects, { startCpu: objects / 200 })) })).toHaveLength(1);
  const late = { count: 10, p50Ms: 5, p99Ms: 3_000, maxMs: 3_000 };
  const many = { controller: 15, agents: 9 };
  const loads = [
    load('admission', { reply: late, done: 9 }),
    load('migration', { reply: late, writesPerMigration: many }),
  ];
  expect(broken({ loads })).toEqual([
    'migration, 70 new objects a second: 99 %',
    'every object of the load comes as far as',
    'a migration takes at most 20 writes to t',
  ]);
});

test('what was not measured holds no rule', () => {
  const nothing = { count: 0, p50Ms: Number.NaN, p99Ms: Number.NaN, maxMs: Number.NaN };
  expect(broken({ loads: [load('migration', { firstWrite: nothing })] })).toHaveLength(1);
});

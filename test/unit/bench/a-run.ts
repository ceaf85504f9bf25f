import type { BenchRun, Sample } from '../../bench/result';

/** One measured move of a run. */
export function sample(caseId: string, way: string, gapMs: number, more: Partial<Sample> = {}): Sample {
  return {
    case: caseId,
    way,
    round: 1,
    at: '2026-11-23T06:00:00.000Z',
    load: 0.5,
    appGapMs: [gapMs],
    frozenMs: [gapMs + 10],
    phasesMs: [{ freeze: 20, dump: gapMs / 2, restore: gapMs / 2 }],
    bytes: 1024,
    ...more,
  };
}

const workload = { processes: 1, memoryMiB: 4, filesMiB: 0, smallFiles: 0, serves: false };

/** A run of three cases and three ways with these samples. */
export function aRun(samples: readonly Sample[], more: Partial<BenchRun> = {}): BenchRun {
  return {
    format: 'transship-bench/1',
    profile: 'docker28',
    quick: false,
    startedAt: '2026-11-23T06:00:00.000Z',
    endedAt: '2026-11-23T06:10:00.000Z',
    commit: '0123456789',
    machine: { cores: 2, processor: 'a processor', memoryBytes: 2 ** 34, kernel: '6.18', versions: ['Docker 28.5.2'] },
    load: { start: [0.1, 0.2, 0.3], end: [2, 1.5, 1] },
    rounds: 10,
    cases: [
      { id: 'one', title: 'one process', groups: ['workload', 'memory'], workload, parallel: 1 },
      {
        id: 'server',
        title: 'a server',
        groups: ['workload'],
        workload: { ...workload, serves: true },
        parallel: 1,
      },
      {
        id: 'memory-1024',
        title: '1 GiB',
        groups: ['memory'],
        workload: { ...workload, memoryMiB: 1024 },
        parallel: 1,
      },
    ],
    ways: [
      { id: 'runc', title: 'Transship, driver runc' },
      { id: 'script', title: 'bare script' },
      { id: 'report', title: "the report's way" },
    ],
    samples,
    notRun: [],
    ...more,
  };
}

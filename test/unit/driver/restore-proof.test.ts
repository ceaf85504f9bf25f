import fc from 'fast-check';
import type { RestoreEvidence } from '../../../src/driver/restore-proof';
import { MAX_LISTED, requireRestored } from '../../../src/driver/restore-proof';
import type { RunningProcess } from '../../../src/driver/running-processes';

const ARMED_MS = 1_000_000;
const RESUMED_MS = ARMED_MS + 300;
const ADDRESSES = { code: 0x5600_0000_0000, stack: 0x7ffc_0000_0000 };
const STATS = { restoreMs: 148, pagesRestored: 787 };

const process = (pid: number, ppid: number, more: Partial<RunningProcess> = {}): RunningProcess => ({
  ...{ pid, ppid, command: 'sh', threads: 1, startedMs: ARMED_MS + 200, executed: false, addresses: ADDRESSES },
  ...more,
});

/** 1 has the children 7 and 9, and 7 has 8. */
const IMAGES = [
  { pid: 1, ppid: 0, threads: 2 },
  { pid: 7, ppid: 1, threads: 1 },
  { pid: 8, ppid: 7, threads: 1 },
  { pid: 9, ppid: 1, threads: 1 },
];

function evidence(running: readonly RunningProcess[], more: Partial<RestoreEvidence> = {}): RestoreEvidence {
  const commands = new Map(IMAGES.map(({ pid }) => [pid, 'sh']));
  const times = { armedMs: ARMED_MS, resumedMs: RESUMED_MS };
  return { images: IMAGES, commands, addresses: ADDRESSES, running, stats: STATS, ...times, ...more };
}

const WOKEN = [process(1, 0, { threads: 2 }), process(7, 1), process(8, 7), process(9, 1)];
const [, ...OTHERS] = WOKEN;
const first = (more: Partial<RunningProcess>): RunningProcess[] => [process(1, 0, more), ...OTHERS];

const foundIn = (running: readonly RunningProcess[], more?: Partial<RestoreEvidence>): number[] =>
  requireRestored(evidence(running, more)).tree.flatMap(({ pid, startedMs }) => (startedMs === undefined ? [] : [pid]));

test('a container is proved with its processes, as they stand in the images', () => {
  expect(requireRestored(evidence(WOKEN))).toEqual({
    stats: STATS,
    processes: 4,
    threads: 5,
    found: 4,
    tree: IMAGES.map((one) => ({ ...one, command: 'sh', startedMs: ARMED_MS + 200 })),
  });
});

test.each<[string, RunningProcess[], Partial<RestoreEvidence>?]>([
  ['executed a program, and CRIU says nothing', first({ executed: true }), { stats: undefined }],
  [
    'lies elsewhere in memory',
    first({ addresses: { ...ADDRESSES, stack: ADDRESSES.stack + 16 } }),
    { stats: undefined },
  ],
  ['is another program', first({ addresses: { ...ADDRESSES, code: ADDRESSES.code + 4096 } }), { stats: undefined }],
  ['has another PID', [process(2, 0), ...OTHERS]],
  ['is older than the restore', first({ startedMs: ARMED_MS - 60_000 })],
  ['cannot be compared, and CRIU says nothing', first({ addresses: undefined }), { stats: undefined }],
  ['is not compared by the images, and CRIU says nothing', WOKEN, { addresses: undefined, stats: undefined }],
  ['has ended, and CRIU says nothing', [], { stats: undefined }],
  ['was started again, and CRIU says nothing', first({ startedMs: RESUMED_MS + 5_000 }), { stats: undefined }],
  ['belongs to images without a process', WOKEN, { images: [] }],
])('nothing is proved when the first process %s', (...[, running, more]) => {
  expect(() => requireRestored(evidence(running, more))).toThrow(
    expect.objectContaining({ reason: 'RestoreNotProven' }) as Error,
  );
});

test.each<[string, number[], RunningProcess[], Partial<RestoreEvidence>?]>([
  ['without statistics, which a full volume cannot hold', [1, 7, 8, 9], WOKEN, { stats: undefined }],
  ['by its statistics, where the kernel hides addresses', [1, 7, 8, 9], first({ addresses: undefined })],
  ['by its statistics, though its first process has executed a program since', [7, 8, 9], first({ executed: true })],
  ['although its first process has another name since', [7, 8, 9], first({ command: 'renamed' })],
  ['although processes have begun since', [1, 7, 8, 9], [...WOKEN, process(20, 7), process(0, 0)]],
  [
    'although one has ended, whose child has another parent since',
    [1, 8, 9],
    [process(1, 0), process(8, 1), process(9, 1)],
  ],
  [
    'although one has executed a program since',
    [1, 7, 8],
    [process(1, 0), process(7, 1), process(8, 7), process(9, 1, { executed: true, command: 'usleep' })],
  ],
  [
    'although one has another name',
    [1, 7, 8],
    [process(1, 0), process(7, 1), process(8, 7), process(9, 1, { command: 'cat' })],
  ],
  [
    'although a number was given away again',
    [1, 7, 8],
    [process(1, 0), process(7, 1), process(8, 7), process(9, 1, { startedMs: RESUMED_MS + 5_000 })],
  ],
  ['but not those below another parent', [1, 7, 8], [process(1, 0), process(7, 1), process(8, 7), process(9, 7)]],
  ['when it has ended, by its statistics', [], []],
  ['when it was started again since, by its statistics', [], first({ startedMs: RESUMED_MS + 5_000, executed: true })],
])('a container is proved %s', (...[, found, running, more]) => {
  expect(foundIn(running, more)).toEqual(found);
  expect(requireRestored(evidence(running, more)).found).toBe(found.length);
});

test('names that the images do not tell stand in nobody’s way', () => {
  expect(foundIn(first({ command: 'anything' }), { commands: new Map() })).toEqual([1, 7, 8, 9]);
});

test('of many processes the first are listed, and all are counted', () => {
  const images = Array.from({ length: 1000 }, (_, index) => ({
    pid: index + 1,
    ppid: index === 0 ? 0 : 1,
    threads: 1,
  }));
  const running = images.map(({ pid, ppid }) => process(pid, ppid));
  const proof = requireRestored(evidence(running, { images, commands: new Map() }));
  expect(proof).toMatchObject({ processes: 1000, threads: 1000, found: 1000 });
  expect(proof.tree).toHaveLength(MAX_LISTED);
});

test('a first process that has executed a program is never proved without CRIU’s own word, whatever else there is', () => {
  const some = fc.record({
    pid: fc.nat(9),
    ppid: fc.nat(9),
    command: fc.constantFrom('sh', 'cat'),
    executed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(some), fc.integer({ max: RESUMED_MS }), (others, startedMs) => {
      const running = [
        process(1, 0, { executed: true, startedMs }),
        ...others.map((one) => process(one.pid, one.ppid, one)),
      ];
      expect(() => requireRestored(evidence(running, { stats: undefined }))).toThrow();
    }),
  );
});

import type { AgentDeps } from '../../../src/agent/ports';
import { withProgress } from '../../../src/agent/progress';
import type { Progress } from '../../../src/api/types';
import { FakeClock, settle } from '../../lib/fake-clock';
import { checkpoint, decision, migration, source } from '../../lib/migration';
import { recordingLogger } from '../../lib/recording-logger';

const moving = migration({ decision: decision('Freeze'), source: source('Published', { checkpoint }) });
const MIB = 2 ** 20;

let clock: FakeClock;
let log: ReturnType<typeof recordingLogger>;
let written: Progress[];
/** What lies on the volume. */
let size: { bytes: number; files: number };
let write: (progress: Progress) => Promise<void>;
let measure: () => Promise<{ bytes: number; files: number }>;

beforeEach(() => {
  clock = new FakeClock();
  log = recordingLogger();
  written = [];
  size = { bytes: 0, files: 0 };
  write = (progress) => {
    written.push(progress);
    return Promise.resolve();
  };
  measure = () => Promise.resolve(size);
});

afterEach(() => {
  expect(clock.pendingSleeps).toBe(0);
});

/** Each effect takes as long as its argument says; a verification compares a MiB each second. */
function deps(): AgentDeps {
  const lasting = (ms: number): Promise<void> => clock.sleep(ms);
  const takes = (ms: unknown): Promise<void> => lasting(Number(ms));
  const counted = async (ms: unknown, { onBytes }: Counting): Promise<void> => {
    onBytes(5 * MIB);
    await takes(ms);
  };
  return {
    clock,
    migrations: {
      writeProgress: (_migration: unknown, role: string, progress: Progress) => {
        expect(role).toBe('target');
        return write(progress);
      },
    },
    driver: { name: 'runc', dump: takes, wake: takes },
    images: { pull: counted },
    store: {
      saveImage: (ms: unknown, _content: unknown, options: Counting) => counted(ms, options),
      withImage: (ms: unknown, _expected: unknown, options: Counting) => counted(ms, options),
      measure: () => measure(),
      saveBase: takes,
      unpackBase: takes,
      saveWritableLayer: takes,
      publishManifest: takes,
      applyWritableLayer: takes,
      saveLogs: takes,
      placeLogs: takes,
      verify: async (ms: unknown, _digest: string, { onBytes }: { onBytes: (bytes: number) => void }) => {
        for (let second = 1; second <= Number(ms) / 1000; second++) {
          await lasting(1_000);
          onBytes(second * MIB);
        }
      },
    },
  } as unknown as AgentDeps;
}

/** Whoever moves an image tells how much of it. */
interface Counting {
  readonly onBytes: (total: number) => void;
}

type Step = (effects: Record<string, (ms: number) => Promise<void>>) => Promise<unknown>;

/** Runs a step that calls the effects by their names. */
function run(step: Step): Promise<unknown> {
  return withProgress(moving, 'target', { deps: deps(), log }, ({ driver, store, images }) =>
    step({ ...driver, ...store, ...images } as unknown as Parameters<Step>[0]),
  );
}

const call =
  (name: string, ms: number): Step =>
  async (effects) =>
    effects[name]?.(ms);

test('a short step writes nothing', async () => {
  const done = run(call('dump', 4_999));
  await clock.advance(60_000);
  await done;
  expect(written).toEqual([]);
});

test('a long one tells every five seconds how far it is, and no more once it has ended', async () => {
  const done = run(call('dump', 12_000));
  size = { bytes: 100 * MIB, files: 3 };
  await clock.advance(6_000);
  size = { bytes: 200 * MIB, files: 4 };
  await clock.advance(60_000);
  await done;
  expect(written).toEqual([
    { doing: 'Dump', bytes: 100 * MIB, files: 3, at: '2026-01-01T00:00:05.000Z' },
    { doing: 'Dump', bytes: 200 * MIB, files: 4, at: '2026-01-01T00:00:10.000Z' },
  ]);
});

test.each([
  ['dump', { doing: 'Dump', bytes: 7, files: 1 }],
  ['saveBase', { doing: 'Save', bytes: 7, files: 1 }],
  ['unpackBase', { doing: 'Apply', bytes: 0, files: 0 }],
  ['saveWritableLayer', { doing: 'Save', bytes: 7, files: 1 }],
  ['saveLogs', { doing: 'Save', bytes: 7, files: 1 }],
  ['placeLogs', { doing: 'Apply', bytes: checkpoint.sizeBytes, files: checkpoint.files }],
  ['publishManifest', { doing: 'Publish', bytes: 7, files: 1 }],
  ['verify', { doing: 'Verify', bytes: 4 * MIB, files: checkpoint.files }],
  ['applyWritableLayer', { doing: 'Apply', bytes: checkpoint.sizeBytes, files: checkpoint.files }],
  ['saveImage', { doing: 'SaveImage', bytes: 5 * MIB, files: 1 }],
  ['withImage', { doing: 'LoadImage', bytes: 5 * MIB, files: 1 }],
  ['pull', { doing: 'PullImage', bytes: 5 * MIB, files: 1 }],
  ['wake', { doing: 'Wake', bytes: checkpoint.sizeBytes, files: checkpoint.files }],
])('%s tells %j', async (name, expected) => {
  size = { bytes: 7, files: 1 };
  const done = run(call(name, 8_500));
  await clock.advance(10_000);
  await done;
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject(expected);
});

test('between two long effects nothing is told', async () => {
  const done = run(async (effects) => {
    await effects['dump']?.(4_000);
    await clock.sleep(2_000);
    await effects['saveWritableLayer']?.(5_000);
  });
  await clock.advance(20_000);
  await done;
  expect(written.map(({ doing }) => doing)).toEqual(['Save']);
});

test('a step that fails fails as it did, and nothing is told afterwards', async () => {
  const done = run(async (effects) => {
    await effects['dump']?.(6_000);
    throw new Error('the dump failed');
  });
  const failed = expect(done).rejects.toThrow('the dump failed');
  await clock.advance(60_000);
  await failed;
  expect(written).toHaveLength(1);
});

test('a report that cannot be written is mentioned, and the next one is tried', async () => {
  let calls = 0;
  write = () => (++calls === 1 ? Promise.reject(new Error('no API server')) : Promise.resolve());
  const done = run(call('dump', 11_000));
  await clock.advance(20_000);
  await done;
  expect(calls).toBe(2);
  expect(log.lines).toEqual([expect.objectContaining({ level: 'debug', message: 'progress not reported' })]);
});

test.each([
  ['a volume that does not answer', () => (measure = () => new Promise(() => undefined))],
  ['an API server that does not answer', () => (write = () => new Promise(() => undefined))],
])('%s does not hold up the step', async (_what, hang) => {
  hang();
  let ended = false;
  const done = run(call('dump', 6_000)).then(() => (ended = true));
  await clock.advance(6_000);
  await settle();
  expect(ended).toBe(true);
  await done;
});

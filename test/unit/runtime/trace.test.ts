import { addSpan, MAX_SPANS, recorded, Recording, span, traced } from '../../../src/runtime/trace';
import { FakeClock } from '../../lib/fake-clock';

class Engine {
  readonly #clock: FakeClock;
  constructor(clock: FakeClock) {
    this.#clock = clock;
  }
  async pause(ms: number): Promise<string> {
    await this.#clock.sleep(ms);
    return 'paused';
  }
  kill(): Promise<void> {
    return Promise.reject(new Error('refused'));
  }
  size(): number {
    return 7;
  }
}

let clock: FakeClock;
let recording: Recording;
let engine: Engine;

beforeEach(() => {
  clock = new FakeClock();
  recording = new Recording(clock);
  engine = traced('engine', new Engine(clock), ['size']);
});

const names = (): string[] => recording.spans().map(({ name }) => name);

test('a call is recorded with its beginning by the wall clock and its duration, and answers as ever', async () => {
  const work = recorded(recording, async () => {
    await clock.sleep(5);
    return engine.pause(20);
  });
  await clock.advance(25);
  expect(await work).toBe('paused');
  expect(recording.spans()).toEqual([
    { name: 'engine.pause', startMs: Date.UTC(2026, 0, 1) + 5, durationMs: 20, within: undefined, failed: false },
  ]);
});

test('what is done for something else at the same time is not', async () => {
  const other = new Recording(clock);
  const all = Promise.all([
    recorded(recording, () => engine.pause(20)),
    recorded(other, () => Promise.all([engine.pause(10), engine.pause(30)])),
    engine.pause(40),
  ]);
  await clock.advance(40);
  await all;
  expect(recording.spans().map(({ durationMs }) => durationMs)).toEqual([20]);
  expect(other.spans().map(({ durationMs }) => durationMs)).toEqual([10, 30]);
});

test('a call within another one names it, also when several go on at once', async () => {
  const driver = traced('driver', {
    dump: async (): Promise<void> => {
      await Promise.all([engine.pause(1), span('criu', () => engine.pause(2))]);
      addSpan('criu freezes', clock.now() - 2, 1);
    },
  });
  const work = recorded(recording, () => driver.dump());
  await clock.advance(2);
  await work;
  const within = recording.spans().map(({ name, within: outer }) => [name, outer]);
  expect(within).toEqual([
    ['driver.dump', undefined],
    ['engine.pause', 0],
    ['criu', 0],
    ['engine.pause', 2],
    ['criu freezes', 0],
  ]);
});

test('a failure is recorded and thrown on', async () => {
  await expect(recorded(recording, () => engine.kill())).rejects.toThrow('refused');
  expect(recording.spans()).toMatchObject([{ name: 'engine.kill', failed: true }]);
});

test('methods that return no promise are passed through, and nothing is recorded outside of a recording', async () => {
  await recorded(recording, () => {
    expect(engine.size()).toBe(7);
    return Promise.resolve();
  });
  await expect(engine.kill()).rejects.toThrow('refused');
  addSpan('criu', 0, 1);
  expect(names()).toEqual([]);
});

test('no more calls are kept than may be, and those that are not are counted', async () => {
  await recorded(recording, async () => {
    for (let call = 0; call < MAX_SPANS + 3; call++) await engine.kill().catch(() => undefined);
  });
  expect([recording.length, recording.dropped]).toEqual([MAX_SPANS, 3]);
});

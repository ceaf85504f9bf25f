import { AgentLiveness } from '../../../src/controller/agent-liveness';
import { FakeClock } from '../../lib/fake-clock';

const DURATION_MS = 40_000;
const NODE = 'node-a';

/** An agent that reports, and a controller that looks; each by its own clock. */
function setup({ skewMs = 0 } = {}): {
  report: () => void;
  look: (node?: string) => boolean;
  /** Looks every ten seconds for so long, and returns what it saw each time. */
  watch: (seconds: number, meanwhile?: () => void) => Promise<boolean[]>;
  clock: FakeClock;
} {
  const clock = new FakeClock();
  const agentClock = clock.withWallOffset(skewMs);
  const liveness = new AgentLiveness(clock);
  let renewTimeMs: number | undefined;
  const report = (): void => {
    renewTimeMs = agentClock.now();
  };
  const look = (node = NODE): boolean =>
    liveness.isAlive(node, renewTimeMs === undefined ? undefined : { renewTimeMs, durationMs: DURATION_MS });
  const watch = async (seconds: number, meanwhile = (): void => undefined): Promise<boolean[]> => {
    const saw: boolean[] = [];
    for (let passed = 0; passed < seconds; passed += 10) {
      await clock.advance(10_000);
      meanwhile();
      saw.push(look());
    }
    return saw;
  };
  return { report, look, watch, clock };
}

test('an agent that never reported is not alive', () => {
  expect(setup().look()).toBe(false);
});

test('an agent that reports stays alive', async () => {
  const { report, look, watch } = setup();
  report();
  expect(look()).toBe(true);
  expect(await watch(600, report)).not.toContain(false);
});

test('an agent whose heartbeat is seen standing still for as long as it holds is dead, and alive again with the next', async () => {
  const { report, look, watch } = setup();
  report();
  expect(look()).toBe(true);
  expect(await watch(60)).toEqual([true, true, true, false, false, false]);
  report();
  expect(look()).toBe(true);
});

test.each([-360_000, -50_000, 50_000, 360_000, 86_400_000])(
  'a clock on the node that is wrong by %i ms makes no difference',
  async (skewMs) => {
    const { report, look, watch } = setup({ skewMs });
    report();
    expect(look()).toBe(true);
    expect(await watch(60, report)).not.toContain(false);
    expect(await watch(60)).toEqual([true, true, true, false, false, false]);
  },
);

test('an API server that is away for a minute kills nobody', async () => {
  const { report, look, clock } = setup();
  report();
  expect(look()).toBe(true);
  // Nobody could report, and nobody could look.
  await clock.advance(60_000);
  expect(look()).toBe(true);
  await clock.advance(10_000);
  expect(look()).toBe(true);
  report();
  await clock.advance(10_000);
  expect(look()).toBe(true);
});

test('an agent that does not come back after such a minute is dead soon', async () => {
  const { report, look, watch, clock } = setup();
  report();
  look();
  await clock.advance(60_000);
  look();
  expect(await watch(40)).toEqual([true, true, false, false]);
});

test('several migrations that look at the same node at once do not make it die earlier', async () => {
  const { report, look, clock } = setup();
  report();
  look();
  const looks: boolean[] = [];
  for (let second = 1; second <= 39; second++) {
    await clock.advance(1000);
    looks.push(look(), look(), look());
  }
  expect(looks).not.toContain(false);
  await clock.advance(1000);
  expect(look()).toBe(false);
});

test('nodes do not share their silence', async () => {
  const { report, look, watch } = setup();
  report();
  look();
  expect((await watch(60)).at(-1)).toBe(false);
  expect(look('node-b')).toBe(true);
});

test('a heartbeat that is more than ten minutes old is over at first sight', async () => {
  const { report, look, clock } = setup();
  report();
  await clock.advance(599_999);
  expect(look()).toBe(true);
  report();
  await clock.advance(600_000);
  expect(look()).toBe(false);
});

test('a Lease that is removed and made again begins anew', async () => {
  const clock = new FakeClock();
  const liveness = new AgentLiveness(clock);
  const heartbeat = { renewTimeMs: clock.now(), durationMs: DURATION_MS };
  expect(liveness.isAlive(NODE, heartbeat)).toBe(true);
  await clock.advance(15_000);
  expect(liveness.isAlive(NODE, undefined)).toBe(false);
  await clock.advance(15_000);
  expect(liveness.isAlive(NODE, heartbeat)).toBe(true);
  await clock.advance(15_000);
  expect(liveness.isAlive(NODE, heartbeat)).toBe(true);
});

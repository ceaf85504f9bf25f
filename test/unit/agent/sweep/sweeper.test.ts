import { Sweeper } from '../../../../src/agent/sweep/sweeper';
import { FakeClock, settle } from '../../../lib/fake-clock';
import { recordingLogger } from '../../../lib/recording-logger';

const clock = new FakeClock();
let stop: AbortController;
let sweeps: number;
let outcome: () => Promise<boolean>;
let sweeper: Sweeper;
let ended: Promise<void>;

beforeEach(() => {
  stop = new AbortController();
  sweeps = 0;
  outcome = () => Promise.resolve(true);
  sweeper = new Sweeper(
    () => {
      sweeps++;
      return outcome();
    },
    clock,
    recordingLogger(),
  );
  ended = sweeper.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await ended;
  expect(clock.pendingSleeps).toBe(0);
});

test('sweeps at the beginning and every five minutes', async () => {
  await clock.advance(299_000);
  expect(sweeps).toBe(1);
  await clock.advance(1_000);
  expect(sweeps).toBe(2);
});

test.each([
  ['is not done', () => Promise.resolve(false)],
  ['fails', () => Promise.reject(new Error('no API server'))],
])('one that %s is repeated soon', async (_how, how) => {
  await settle();
  outcome = how;
  sweeper.soon();
  await settle();
  expect(sweeps).toBe(2);
  outcome = () => Promise.resolve(true);
  await clock.advance(15_000);
  expect(sweeps).toBe(3);
  await clock.advance(299_000);
  expect(sweeps).toBe(3);
});

test('a request during a sweep leads to one more', async () => {
  await settle();
  let finish = (): void => undefined;
  outcome = () =>
    new Promise((resolve) => {
      finish = () => {
        resolve(true);
      };
    });
  sweeper.soon();
  await settle();
  sweeper.soon();
  sweeper.soon();
  outcome = () => Promise.resolve(true);
  finish();
  await settle();
  await clock.advance(1_000);
  expect(sweeps).toBe(3);
});

test('a sweep that hangs does not hold up the stop', async () => {
  await settle();
  outcome = () => new Promise(() => undefined);
  sweeper.soon();
  await settle();
  stop.abort();
  await ended;
});

import { EventEmitter } from 'node:events';
import type { Shutdown } from '../../../src/runtime/shutdown';
import { installShutdown } from '../../../src/runtime/shutdown';
import { FakeClock } from '../../lib/fake-clock';
import { recordingLogger } from '../../lib/recording-logger';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function install(): {
  events: FakeProcess;
  clock: FakeClock;
  log: ReturnType<typeof recordingLogger>;
  shutdown: Shutdown;
} {
  const [events, clock, log] = [new FakeProcess(), new FakeClock(), recordingLogger()];
  return { events, clock, log, shutdown: installShutdown({ process: events, clock, log, graceMs: 5_000 }) };
}

test.each(['SIGTERM', 'SIGINT'])('%s aborts the signal and does not exit', (name) => {
  const { events, shutdown } = install();
  expect(shutdown.signal.aborted).toBe(false);
  events.emit(name, name);
  expect([shutdown.signal.aborted, events.exits]).toEqual([true, []]);
});

test('a stop that takes longer than the grace period exits with 1', async () => {
  const { events, clock } = install();
  events.emit('SIGTERM', 'SIGTERM');
  await clock.advance(4_999);
  expect(events.exits).toEqual([]);
  await clock.advance(1);
  expect(events.exits).toEqual([1]);
});

test('a second signal exits at once', () => {
  const { events } = install();
  events.emit('SIGTERM', 'SIGTERM');
  events.emit('SIGINT', 'SIGINT');
  expect(events.exits).toEqual([1]);
});

test('a completed stop leaves neither a deadline nor a handler', async () => {
  const { events, clock, shutdown } = install();
  events.emit('SIGTERM', 'SIGTERM');
  shutdown.complete();
  await clock.advance(60_000);
  expect([events.exits, clock.pendingSleeps, events.eventNames()]).toEqual([[], 0, []]);
});

test.each(['uncaughtException', 'unhandledRejection'])('%s is logged and exits with 1', (event) => {
  const { events, log } = install();
  const error = new Error('nobody caught me');
  events.emit(event, error);
  expect(events.exits).toEqual([1]);
  expect(log.lines).toMatchObject([{ level: 'error', fields: { error } }]);
});

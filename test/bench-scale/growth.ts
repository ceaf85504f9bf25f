import { systemClock } from '../../src/runtime/clock';
import type { Reading } from './controller-process';
import { requestsBetween } from './controller-process';
import type { GrowthPoint, Idle } from './figures';
import { mixOf } from './population';
import type { Bench } from './bench';

const CATCH_UP_DEADLINE_MS = 400_000;
const LOOK_EVERY_MS = 200;
/** Longer than a collection takes. */
const GARBAGE_MS = 2_000;
/** In a controller that has nothing to do: each look costs it a few milliseconds. */
const IDLE_LOOK_EVERY_MS = 5_000;

/**
 * Starts a controller over the objects that are there, and measures it until it has caught up and then while it has
 * nothing to do. It is left running.
 */
export async function measureGrowth(bench: Bench, objects: number, idleSeconds: number): Promise<GrowthPoint> {
  bench.reactions.take();
  const controller = bench.startController();
  const caughtUp = await untilCaughtUp(bench, objects);
  const firstWriteMs = bench.reactions.firstWriteMs;
  if (firstWriteMs === undefined)
    throw new Error('the controller has written nothing, and objects were waiting for it');
  // What the start has left behind is collected, and the first renewals are over.
  await systemClock.sleep(Math.min(15_000, idleSeconds * 500));
  return {
    objects,
    mix: mixOf(objects),
    firstReactionMs: firstWriteMs - controller.startedAtMs,
    caughtUpMs: caughtUp.atMs - controller.startedAtMs,
    caughtUpCpuSeconds: caughtUp.cpuSeconds,
    idle: await measureIdle(bench, idleSeconds),
  };
}

/** Until every object was visited, and none waits to be. The time is that of the look, so up to one look late. */
async function untilCaughtUp(bench: Bench, objects: number): Promise<Reading> {
  const deadlineMs = performance.now() + CATCH_UP_DEADLINE_MS;
  for (;;) {
    await systemClock.sleep(LOOK_EVERY_MS);
    const reading = await bench.controller.read().catch(() => undefined);
    if (reading !== undefined && reading.reconciles >= objects && reading.queued === 0) return reading;
    if (performance.now() > deadlineMs) {
      throw new Error(`after ${CATCH_UP_DEADLINE_MS / 1000} s the controller has not visited all ${objects} objects`);
    }
  }
}

async function measureIdle({ controller }: Bench, seconds: number): Promise<Idle> {
  const first = await controller.read();
  const readings = [first];
  let last = first;
  while (last.atMs - first.atMs < seconds * 1_000) {
    await systemClock.sleep(Math.min(IDLE_LOOK_EVERY_MS, seconds * 1_000 - (last.atMs - first.atMs)));
    last = await controller.read();
    readings.push(last);
  }
  const elapsed = (last.atMs - first.atMs) / 1_000;
  controller.collectGarbage();
  await systemClock.sleep(GARBAGE_MS);
  const collected = await controller.read();
  const perMinute = (amount: number): number => (amount / elapsed) * 60;
  const requests = Object.entries(requestsBetween(first, last));
  return {
    seconds: elapsed,
    cpuSecondsPerMinute: perMinute(last.cpuSeconds - first.cpuSeconds),
    residentBytes: Math.min(...readings.map(({ residentBytes }) => residentBytes)),
    heapBytes: collected.heapBytes,
    requestsPerMinute: Object.fromEntries(requests.map(([verb, count]) => [verb, perMinute(count)])),
  };
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ContainerMigration } from '../../src/api/types';
import { systemClock } from '../../src/runtime/clock';
import type { Bench } from './bench';
import { NAMESPACE } from './cluster';
import type { Reading } from './controller-process';
import { requestsBetween } from './controller-process';
import type { Load, LoadKind, Requests } from './figures';
import { specOf } from './population';
import { readCpu, sharesBetween } from './processes';
import { latencyOf } from './statistics';

const PREFIX = 'load-';
const DONE_DEADLINE_MS = 240_000;
const LOOK_EVERY_MS = 100;
/** How many objects are created at once to find out what the API server takes. */
const BURST = 60;
/** Of what it takes, so that nothing is held up by it. */
const SUSTAINABLE = 0.7;
/** The leader's Lease is renewed with PUT; everything else that the controller writes is about a migration. */
const WRITES: readonly string[] = ['PATCH', 'POST'];

export interface Offer {
  readonly kind: LoadKind;
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Creates objects at a fixed rate, whether or not the earlier ones are done, waits until all are, and takes them away
 * again. The rate is what was asked for, or what the API server takes, if that is less.
 */
export async function measureLoad(bench: Bench, objectsBefore: number, offer: Offer): Promise<Load> {
  const capacityPerSecond = await measureCapacity(bench, offer.kind);
  const perSecond = Math.min(offer.perSecond, Math.max(1, Math.floor(SUSTAINABLE * capacityPerSecond)));
  return measureAtRate(bench, objectsBefore, { ...offer, perSecond }, capacityPerSecond);
}

/** The same at exactly that rate. */
export async function measureAtRate(
  bench: Bench,
  objectsBefore: number,
  offer: Offer,
  capacityPerSecond: number,
): Promise<Load> {
  const { controller, agents, reactions } = bench;
  const delay = monitorEventLoopDelay({ resolution: 10 });
  reactions.take();
  const before = { reading: await controller.read(), cpu: readCpu(bench.lab, controller.pid) };
  const wrote = { writes: agents.writes, conflicts: agents.conflicts };
  delay.enable();
  const startedAtMs = performance.now();
  await createAtRate(bench, offer);
  const elapsedMs = performance.now() - startedAtMs;
  const cpu = readCpu(bench.lab, controller.pid);
  const busy = await controller.read();
  const created = Math.round(offer.perSecond * offer.seconds);
  const drainMs = await untilDone(bench, offer.kind, created);
  delay.disable();
  const after = await controller.read();
  const requests = requestsBetween(before.reading, after);
  const { firstWrites, replies } = reactions.take();
  const load: Load = {
    kind: offer.kind,
    objectsBefore,
    capacityPerSecond,
    offeredPerSecond: offer.perSecond,
    seconds: elapsedMs / 1_000,
    created,
    createdPerSecond: created / (elapsedMs / 1_000),
    done: doneOf(bench, offer.kind),
    drainMs,
    firstWrite: latencyOf(firstWrites),
    reply: latencyOf(replies),
    shares: sharesBetween(before.cpu, cpu),
    residentBytes: Math.max(busy.residentBytes, after.residentBytes),
    heapBytes: Math.max(busy.heapBytes, after.heapBytes),
    requests,
    writesPerMigration: { controller: writesOf(requests) / created, agents: (agents.writes - wrote.writes) / created },
    conflicts: { controller: conflictsBetween(before.reading, after), agents: agents.conflicts - wrote.conflicts },
    simulationDelayP99Ms: delay.percentile(99) / 1e6,
  };
  await bench.cluster.deleteMigrations(PREFIX);
  return load;
}

/** How many a second are done when many are created at once. */
async function measureCapacity(bench: Bench, kind: LoadKind): Promise<number> {
  const startedAtMs = performance.now();
  await createAtRate(bench, { kind, perSecond: BURST, seconds: 1 });
  await untilDone(bench, kind, BURST);
  const perSecond = BURST / ((performance.now() - startedAtMs) / 1_000);
  await bench.cluster.deleteMigrations(PREFIX);
  return perSecond;
}

let numbered = 0;

async function createAtRate(bench: Bench, { kind, perSecond, seconds }: Offer): Promise<void> {
  const startedAtMs = performance.now();
  const underWay: Promise<unknown>[] = [];
  for (let count = 0; count < Math.round(perSecond * seconds); count++) {
    const inMs = startedAtMs + (count / perSecond) * 1_000 - performance.now();
    if (inMs > 0) await systemClock.sleep(inMs);
    const number = numbered++;
    const spec = specOf(number, kind === 'migration' ? 'finished' : 'inFlight');
    underWay.push(bench.migrations.create(NAMESPACE, { metadata: { name: `${PREFIX}${number}` }, spec }));
  }
  await Promise.all(underWay);
}

/** How many of the load's objects came as far as they should. */
function doneOf({ informer }: Bench, kind: LoadKind): number {
  const isDone = ({ status }: ContainerMigration): boolean =>
    kind === 'migration' ? status.phase === 'Succeeded' : status.decision !== undefined;
  return informer.list().filter((migration) => migration.metadata.name.startsWith(PREFIX) && isDone(migration)).length;
}

async function untilDone(bench: Bench, kind: LoadKind, created: number): Promise<number> {
  const startedAtMs = performance.now();
  while (doneOf(bench, kind) < created && performance.now() - startedAtMs < DONE_DEADLINE_MS) {
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  return performance.now() - startedAtMs;
}

const writesOf = (requests: Requests): number => WRITES.reduce((sum, verb) => sum + (requests[verb] ?? 0), 0);

const conflictsBetween = (from: Reading, to: Reading): number => to.conflicts - from.conflicts;

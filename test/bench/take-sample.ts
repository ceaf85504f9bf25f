/** One move of one case by one way, from containers that do not exist to containers that are gone again. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../../src/runtime/errors';
import { sleep } from '../lib/waiting';
import { command } from '../soak/lab';
import type { Case } from './cases';
import { commandOf, containersOf, PORT } from './cases';
import type { Client, Seen } from './clients';
import { startConnections, startDatagrams } from './clients';
import { bringInFor } from './host-memory';
import { FROM, SERVER_ADDRESS, serverOptions, TO } from './lab';
import type { Turn } from './plan';
import type { Sample } from './result';
import type { Ticks } from './ticks';
import { gapOfFresh, gapOfSame, readTicks } from './ticks';
import { round } from './ways/marks';
import type { Job, Way } from './ways/way';

const IMAGE = 'transship-lab/python:1';
const PROGRAM = readFileSync(join(__dirname, 'workload.py'), 'utf8');
/** 4 GiB of random bytes take a while. */
const READY_MS = 120_000;
/** How long a container and its clients are watched before the move, and clients after it. */
const BEFORE_MS = 500;
const AFTER_MS = 500;
/** By then a container that runs has counted on. A client that has not found it by then counts with that time. */
const SETTLE_MS = 15_000;

/** Takes it. What goes wrong is in the sample's `error`; throws only when the lab cannot be cleaned up. */
export async function takeSample({ one, way, round: number }: Turn<Way>, keepProbes: boolean): Promise<Sample> {
  const job = await jobOf(one);
  const about = { case: one.id, way: way.id, round: number, at: new Date().toISOString(), load: loadavg()[0] ?? 0 };
  try {
    await way.clear(job);
    return { ...about, ...(await measure(job, way, keepProbes)) };
  } catch (error) {
    // Of a command that failed its own words stand at the end, and the whole program may stand before them.
    const said = describeError(error).replaceAll(/\s+/g, ' ').slice(-300);
    return { ...about, error: said, appGapMs: [], frozenMs: [], phasesMs: [], bytes: 0 };
  } finally {
    await way.clear(job);
  }
}

async function jobOf(one: Case): Promise<Job> {
  const network = one.workload.serves ? await serverOptions() : [];
  return { one, names: containersOf(one), run: [...network, IMAGE, ...commandOf(one.workload, PROGRAM)] };
}

type Measured = Omit<Sample, 'case' | 'way' | 'round' | 'at' | 'load' | 'error'>;

async function measure(job: Job, way: Way, keepProbes: boolean): Promise<Measured> {
  await way.prepare(job);
  for (const name of job.names) await ready(way, name);
  // What the move before has written is written back by now, and not while this one writes.
  await command('sync');
  // The last thing, for it does not stay brought in for ever.
  await bringInFor(job.one);
  const client = await clientOf(job.one);
  let seen: Seen | undefined;
  try {
    if ((await client?.answeredAfter(performance.now(), SETTLE_MS)) === false) {
      throw new Error('no client gets an answer before the move');
    }
    await sleep(BEFORE_MS);
    const before = new Map<string, Ticks>();
    for (const name of job.names) before.set(name, readTicks(await way.log(FROM, name)));
    const begun = performance.now();
    const movedAtMs = Date.now();
    const moved = await way.move(job);
    const movedBy = performance.now();
    const appGapMs: number[] = [];
    for (const name of job.names) {
      const old = way.fresh ? readTicks(await way.log(FROM, name)) : (before.get(name) ?? readTicks(''));
      const gapOf = way.fresh ? gapOfFresh : gapOfSame;
      // A new process fills its memory before it counts.
      const gap = await eventually(way.fresh ? READY_MS : SETTLE_MS, async () =>
        gapOf({ before: old, after: readTicks(await way.log(TO, name)), movedAtMs }),
      );
      appGapMs.push(round(gap));
    }
    await client?.answeredAfter(movedBy, SETTLE_MS);
    if (client !== undefined) await sleep(AFTER_MS);
    seen = client?.stop(begun);
    return { appGapMs, ...moved, ...seenFields(seen, keepProbes) };
  } finally {
    if (seen === undefined) client?.stop(0);
  }
}

function seenFields(seen: Seen | undefined, keepProbes: boolean): Partial<Measured> {
  if (seen === undefined) return {};
  return {
    clientGapMs: seen.gapMs,
    ...(seen.kept === undefined ? {} : { connectionsKept: seen.kept }),
    ...(keepProbes ? { probes: seen.probes } : {}),
  };
}

async function clientOf({ workload, clients }: Case): Promise<Client | undefined> {
  if (!workload.serves) return undefined;
  return clients === undefined
    ? startDatagrams(SERVER_ADDRESS, PORT)
    : startConnections(SERVER_ADDRESS, PORT, clients.connections);
}

async function ready(way: Way, name: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (readTicks(await way.log(FROM, name)).counts.length === 0) {
    if (Date.now() > deadline) throw new Error(`${name} is not ready after ${READY_MS} ms`);
    await sleep(100);
  }
}

/** Tries again until it succeeds. Throws what it threw last. */
async function eventually<T>(patienceMs: number, look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

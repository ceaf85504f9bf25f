/** Runs the whole plan in the running lab. What was measured is kept after every move: an interruption loses nothing. */
import { loadavg } from 'node:os';
import { describeError } from '../../src/runtime/errors';
import { Migrations } from '../chaos/migrations';
import { labEnvironment } from '../lib/lab-tools';
import type { Case } from './cases';
import { measureNewMemory } from './host-memory';
import { watchIdle } from './idle';
import { createNetworks, removeNetworks, removeShared } from './lab';
import { commitOf, dockerMajorOf, machineFacts } from './machine';
import { spanText } from './page';
import { planOf } from './plan';
import type { BenchRun, Sample } from './result';
import { takeSample } from './take-sample';
import { allWays, PODMAN_WAYS } from './ways/all';
import { podmanVersion, startPodman } from './ways/podman';
import type { PodmanPids } from './ways/podman';

export interface Plan {
  readonly cases: readonly Case[];
  /** Of the ways; undefined: all. */
  readonly ways: readonly string[] | undefined;
  readonly rounds: number;
  readonly warmUps: number;
  readonly quick: boolean;
}

/** `keep` gets the run as far as it is, after each sample. `stop` ends it early. */
export async function measure(plan: Plan, keep: (run: BenchRun) => void, stop: AbortSignal): Promise<BenchRun> {
  const started = { startedAt: new Date().toISOString(), load: loadavg(), commit: await commitOf() };
  const idle = await watchIdle();
  const newMemory = await measureNewMemory();
  const wanted = (id: string): boolean => plan.ways?.includes(id) ?? true;
  const { podman, why } = PODMAN_WAYS.some(wanted) ? await podmanOrWhy() : { podman: undefined, why: undefined };
  const machine = await machineFacts(podman === undefined ? [] : [await podmanVersion(podman)]);
  const migrations = new Migrations();
  const ways = allWays({ migrations, dockerMajor: dockerMajorOf(machine), podman }).filter(({ id }) => wanted(id));
  const samples: Sample[] = [];
  const notRun = [
    ...ways.flatMap((way) =>
      plan.cases.flatMap((one) => {
        const unfit = way.unfit(one);
        return unfit === undefined ? [] : [{ case: one.id, way: way.id, why: unfit }];
      }),
    ),
    ...(why === undefined ? [] : plan.cases.map((one) => ({ case: one.id, way: 'podman', why }))),
  ];
  const sofar = (): BenchRun => ({
    format: 'transship-bench/1',
    profile: labEnvironment()['LAB_PROFILE'] ?? '',
    quick: plan.quick,
    startedAt: started.startedAt,
    endedAt: new Date().toISOString(),
    commit: started.commit,
    machine: { ...machine, ...(newMemory === undefined ? {} : { newMemory }) },
    load: { start: started.load, end: loadavg() },
    ...(idle === undefined ? {} : { idle }),
    rounds: plan.rounds,
    cases: plan.cases.map(({ id, title, groups, workload, parallel }) => ({ id, title, groups, workload, parallel })),
    ways: ways.map(({ id, title }) => ({ id, title })),
    samples,
    notRun,
  });

  const turns = planOf(plan.cases, ways, plan.rounds, plan.warmUps).filter(
    ({ one, way }) => way.unfit(one) === undefined,
  );
  try {
    await createNetworks();
    for (const [index, turn] of turns.entries()) {
      if (stop.aborted) break;
      // One of each case and way is enough to draw, and they are long.
      const drawn = samples.some(
        (sample) => sample.case === turn.one.id && sample.way === turn.way.id && sample.probes,
      );
      const sample = await takeSample(turn, turn.round > 0 && !drawn);
      samples.push(sample);
      console.log(`${String(index + 1).padStart(4)}/${turns.length}  ${lineOf(sample)}`);
      keep(sofar());
    }
  } finally {
    removeShared();
    await removeNetworks();
    await migrations.close();
  }
  return sofar();
}

async function podmanOrWhy(): Promise<{ podman: PodmanPids | undefined; why: string | undefined }> {
  try {
    return { podman: await startPodman(), why: undefined };
  } catch (error) {
    const why = `Podman does not run here: ${describeError(error).slice(-300)}`;
    console.error(why);
    return { podman: undefined, why };
  }
}

/** One line for whoever watches the run. */
function lineOf({ case: id, way, round, appGapMs, clientGapMs, error }: Sample): string {
  const about = `${round === 0 ? 'warm-up' : `round ${round}`.padEnd(7)}  ${id.padEnd(22)} ${way.padEnd(12)}`;
  if (error !== undefined) return `${about} ✗ ${error}`;
  const client = clientGapMs === undefined ? '' : `  client ${spanText(clientGapMs)}`;
  return `${about} ${appGapMs.map(spanText).join(', ').padStart(8)}${client}`;
}

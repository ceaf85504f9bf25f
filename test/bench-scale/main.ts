/** `make bench-scale`: one controller and thousands of ContainerMigrations with simulated agents; what it takes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { describeError } from '../../src/runtime/errors';
import { Bench } from './bench';
import type { GrowthPoint, Load, Measured, Run } from './figures';
import { measureGrowth } from './growth';
import { judge } from './judge';
import { measureAtRate, measureLoad } from './load';
import { populate } from './population';
import { markdown } from './report';

interface Options {
  readonly objects: number;
  readonly rate: number;
  readonly report?: string;
  readonly quick: boolean;
  readonly before?: string;
  readonly clean: boolean;
}

/** How the growth is sampled, as shares of the most objects: 100, 500, 1,000, 2,500 and 5,000 of 5,000. */
const SHARES = [0.02, 0.1, 0.2, 0.5, 1];
const QUICK_SHARES = [0.1, 0.5, 1];
const LOADS = ['admission', 'migration'] as const;

async function main(options: Options): Promise<boolean> {
  const bench = new Bench();
  const window = options.quick ? { idle: 15, load: 15 } : { idle: 60, load: 60 };
  const points = (options.quick ? QUICK_SHARES : SHARES).map((share) => Math.round(share * options.objects));
  const startedAt = new Date().toISOString();
  const on = machine();
  try {
    await bench.begin();
    const apiServer = await bench.apiServer();
    const growth: GrowthPoint[] = [];
    let there = 0;
    for (const objects of points) {
      await bench.stopController();
      await populate(bench.migrations, bench.informer, there, objects);
      there = objects;
      growth.push(told(await measureGrowth(bench, objects, window.idle)));
    }
    const loads: Load[] = [];
    for (const kind of LOADS) {
      const offer = { kind, perSecond: options.rate, seconds: window.load };
      loads.push(toldLoad(await measureLoad(bench, there, offer)));
    }
    const run: Run = { startedAt, machine: on, apiServer, commit: commit(), measured: { growth, loads } };
    const well = report(run, options.report);
    if (options.before !== undefined) {
      const before = await measureBefore(bench, resolve(options.before), loads, window.idle);
      report({ ...run, before }, options.report);
    }
    return well;
  } finally {
    await bench.end(options.clean);
  }
}

/** The same of another build, with all objects and some more, for something to react to. */
async function measureBefore(
  bench: Bench,
  dist: string,
  loads: readonly Load[],
  idleSeconds: number,
): Promise<Measured> {
  await bench.stopController();
  const there = loads[0]?.objectsBefore ?? 0;
  const objects = there + 100;
  await populate(bench.migrations, bench.informer, there, objects);
  bench.use(dist);
  const growth = [told(await measureGrowth(bench, objects, idleSeconds))];
  const again: Load[] = [];
  for (const { kind, offeredPerSecond, seconds, capacityPerSecond } of loads) {
    const offer = { kind, perSecond: offeredPerSecond, seconds: Math.round(seconds) };
    again.push(toldLoad(await measureAtRate(bench, objects, offer, capacityPerSecond)));
  }
  return { growth, loads: again };
}

function told(point: GrowthPoint): GrowthPoint {
  const { objects, firstReactionMs, caughtUpMs, idle } = point;
  console.log(
    `${objects} objects: first reaction ${firstReactionMs.toFixed(0)} ms, caught up ${caughtUpMs.toFixed(0)} ms; idle ` +
      `${idle.cpuSecondsPerMinute.toFixed(2)} CPU s/min, heap ${(idle.heapBytes / 2 ** 20).toFixed(1)} MiB, ` +
      `resident ${(idle.residentBytes / 2 ** 20).toFixed(1)} MiB`,
  );
  return point;
}

function toldLoad(load: Load): Load {
  const { kind, offeredPerSecond, capacityPerSecond, firstWrite, reply, shares } = load;
  console.log(
    `${kind}: ${offeredPerSecond} new objects/s of ${capacityPerSecond.toFixed(0)} possible; first write p50 ` +
      `${firstWrite.p50Ms.toFixed(0)}, p99 ${firstWrite.p99Ms.toFixed(0)} ms; reply p50 ${reply.p50Ms.toFixed(0)}, ` +
      `p99 ${reply.p99Ms.toFixed(0)} ms; controller ${shares.controller.toFixed(2)} cores`,
  );
  return load;
}

function report(run: Run, directory: string | undefined): boolean {
  const judgements = judge(run.measured);
  const text = markdown(run, judgements);
  if (directory === undefined) console.log(`\n${text}`);
  else {
    mkdirSync(directory, { recursive: true });
    writeFileSync(resolve(directory, 'scale.json'), `${JSON.stringify(run, null, 2)}\n`);
    writeFileSync(resolve(directory, 'scale.md'), text);
  }
  for (const { holds, rule, found } of judgements) console.log(`${holds ? 'holds ' : 'BROKEN'}  ${rule}: ${found}`);
  return judgements.every(({ holds }) => holds);
}

function machine(): Run['machine'] {
  const all = cpus();
  const [loadAverage = 0] = loadavg();
  return {
    cores: all.length,
    model: all[0]?.model.trim() ?? '',
    kernel: release(),
    node: process.version,
    loadAverage,
  };
}

const commit = (): string =>
  execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], { encoding: 'utf8' }).trim();

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is needed');
  return value;
}

const program = new Command('bench-scale')
  .description('measures the controller of the running lab with many objects and simulated agents')
  .option('--objects <n>', 'how many objects there are at the end of the growth', positive, 5_000)
  .option('--rate <n>', 'how many new objects per second', positive, 100)
  .option('--report <directory>', 'write scale.json and scale.md there; without, print them')
  .option('--quick', 'shorter windows, fewer points', false)
  .option('--no-clean', 'leave the objects behind: the lab is taken down anyway')
  .option('--before <dist>', 'measure that build of the controller too, in the same run')
  .parse();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
main(program.opts<Options>()).then(
  (well) => process.exit(well ? 0 : 1),
  (error: unknown) => {
    console.error(`the benchmark failed: ${describeError(error)}`);
    process.exit(1);
  },
);

/** `make chaos`: injects faults into migrations in the lab and judges what becomes of the container. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { inLab, killService, NODES, startService, volumeRoot } from '../lib/chaos-lab';
import { countBoundaries, gatehouses } from './boundaries';
import type { Boundary, Cell } from './matrix';
import { ACTORS, orderCells, parseCell, seededRandom } from './matrix';
import { Migrations } from './migrations';
import { lineOf } from './report';
import type { CaseResult } from './run-case';
import { cleanLab, runCase } from './run-case';
import { Sampler } from './sampler-client';
import { startWorkload } from '../lib/chaos-workload';

/** What a boundary is reached oftener than this is not told apart any more: loops that poll. */
const OCCURRENCES = 2;

interface Options {
  readonly faults: string;
  readonly seed: string;
  readonly only?: string;
  readonly output: string;
  readonly list?: boolean;
}

async function main(options: Options): Promise<number> {
  const seed = Number(options.seed);
  const wanted = options.faults === 'all' ? Infinity : Number(options.faults);
  console.log(`seed ${seed}`);
  // What is done to the volume would be done to the machine's own disk.
  if (statSync(volumeRoot()).dev === statSync(inLab()).dev)
    throw new Error('the lab has no volume of its own to disturb: run lab/volume up first');
  await restartOperator();
  const migrations = new Migrations();
  const sampler = new Sampler();
  const results: CaseResult[] = [];
  try {
    await cleanLab(migrations);
    const cells =
      options.only === undefined
        ? orderCells(await recordBoundaries(migrations), wanted, seed)
        : options.only.split(',').map(parseCell);
    console.log(`${cells.length} cells`);
    if (options.list === true) return 0;
    for (const [index, cell] of cells.entries()) {
      if (results.filter(({ injected }) => injected !== undefined).length >= wanted) break;
      const result = await attempt(cell, index, seed, migrations, sampler);
      results.push(result);
      console.log(lineOf(result, index + 1));
      if (result.verdict.violations.length > 0) keep(options.output, index + 1, result);
    }
  } finally {
    sampler.stop();
    await migrations.close();
  }
  const violated = results.filter(({ verdict }) => verdict.violations.length > 0).length;
  const injected = results.filter((result) => result.injected !== undefined).length;
  console.log(`${injected} faults injected, ${violated} cases with violations`);
  return violated > 0 ? 1 : 0;
}

async function attempt(
  cell: Cell,
  index: number,
  seed: number,
  migrations: Migrations,
  sampler: Sampler,
): Promise<CaseResult> {
  await cleanLab(migrations);
  const forth = index % 2 === 0;
  return runCase(
    {
      name: `chaos-${index + 1}`,
      cell,
      workload: index % 4 < 2 ? 'counter' : 'server',
      from: forth ? 'node-a' : 'node-b',
      to: forth ? 'node-b' : 'node-a',
      random: seededRandom(seed * 1_000 + index),
    },
    migrations,
    sampler,
  );
}

/** With breakpoints, which production has none of. */
async function restartOperator(): Promise<void> {
  const services = ['controller', ...NODES.map((node) => `agent@${node}`)];
  for (const service of services) killService(service);
  for (const service of services) await startService(service);
}

/** The boundaries that an undisturbed migration comes to. */
async function recordBoundaries(migrations: Migrations): Promise<Boundary[]> {
  const gates = gatehouses('node-a', 'node-b');
  for (const gate of Object.values(gates)) {
    gate.clear();
    gate.record();
  }
  await startWorkload('node-a', 'chaos-recorded', 'counter');
  await migrations.create('chaos-recorded', 'chaos-recorded', 'node-a', 'node-b');
  const ended = await migrations.awaitEnd('chaos-recorded', 60_000);
  if (ended?.status?.phase !== 'Succeeded')
    throw new Error(`an undisturbed migration ended ${JSON.stringify(ended?.status, null, 2)}`);
  return ACTORS.flatMap((actor) =>
    [...countBoundaries(gates[actor].recorded())].flatMap(([boundary, count]) =>
      Array.from({ length: Math.min(count, OCCURRENCES) }, (_, index) => ({ actor, boundary, occurrence: index + 1 })),
    ),
  );
}

/** What a person needs to find the cause. */
function keep(output: string, number: number, result: CaseResult): void {
  const directory = join(output, `case-${number}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'result.json'), JSON.stringify(result, null, 2));
  console.log(`        kept in ${directory}`);
}

const program = new Command('chaos')
  .description('injects faults into migrations in the lab, and judges what becomes of the container')
  .option('--faults <number>', 'how many faults to inject, or `all` cells of the matrix', '220')
  .option('--seed <number>', 'decides which cells come first', String(Date.now() % 1_000_000))
  .option('--only <cells>', 'run these cells: source:engine.pause.before#1×criu,…')
  .option('--list', 'only record the boundaries, and say how many cells there are')
  .option('--output <directory>', 'where the evidence of violations is kept', '/tmp/transship-chaos')
  .action(async (options: Options) => {
    process.exitCode = await main(options);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

/** `make chaos`: injects faults into migrations in the lab and judges what becomes of the container. */
import { createHash } from 'node:crypto';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { inLab, volumeRoot } from '../lib/chaos-lab';
import { project } from '../lib/lab-tools';
import { recordBoundaries, restartOperator } from './boundaries';
import { mendAll } from './faults';
import { keepCase, logPositions } from './case-files';
import { takeFacts } from './facts';
import type { Cell } from './matrix';
import { nameOf, orderCells, parseCell, seededRandom } from './matrix';
import { Migrations } from './migrations';
import { lineOf, pageOf, tableOf } from './report';
import type { CaseResult } from './run-case';
import { cleanLab, runCase } from './run-case';
import { labSettings, Sampler } from './sampler-client';

interface Options {
  readonly faults: string;
  readonly seed: string;
  readonly only?: string;
  readonly patience: string;
  readonly output?: string;
}

/** So many faults make a run of which the figures may be shown to everyone. */
const FULL_RUN = 200;

async function main(options: Options): Promise<boolean> {
  const seed = Number(options.seed);
  const wanted = options.faults === 'all' ? Infinity : Number(options.faults);
  const output = options.output ?? mkdtempSync(join(tmpdir(), 'transship-chaos-'));
  // What is done to the volume would be done to the machine's own disk.
  if (statSync(volumeRoot()).dev === statSync(inLab()).dev)
    throw new Error('the lab has no volume of its own to disturb: run lab/volume up first');
  const startedMs = Date.now();
  const migrations = new Migrations();
  const sampler = new Sampler(labSettings());
  const results: CaseResult[] = [];
  try {
    await restartOperator({ breakpoints: true });
    await cleanLab(migrations);
    const boundaries = options.only === undefined ? await recordBoundaries(migrations) : [];
    const cells =
      options.only === undefined ? orderCells(boundaries, wanted, seed) : options.only.split(',').map(parseCell);
    console.log(`seed ${seed}: ${boundaries.length} boundaries, ${cells.length} cells, evidence in ${output}\n`);
    let injected = 0;
    for (const [index, cell] of cells.entries()) {
      if (injected >= wanted) break;
      await cleanLab(migrations);
      const begun = logPositions();
      const result = await runCase(planOf(cell, index, seed, Number(options.patience) * 1000), migrations, sampler);
      results.push(result);
      if (result.injected !== undefined) injected++;
      console.log(lineOf(result, index + 1));
      if (result.verdict.violations.length > 0) {
        const directory = join(output, `case-${index + 1}`);
        keepCase(directory, result, begun);
        console.log(`        evidence: ${directory}`);
      }
    }
    const facts = takeFacts(results, { seed, boundaries: boundaries.length, cells: cells.length, startedMs });
    console.log(`\n${tableOf(results)}\n`);
    const full = injected >= FULL_RUN && options.only === undefined;
    const page = full ? join(project, 'docs/reliability.md') : join(output, 'reliability.md');
    writeFileSync(page, pageOf(results, facts));
    console.log(`written: ${page}`);
    // Without one injected fault nothing was proven.
    return conclude(results, injected) && injected > 0;
  } finally {
    await cleanLab(migrations);
    sampler.stop();
    await migrations.close();
    await restartOperator({ breakpoints: false });
  }
}

/** Forth and back in turn, and of each kind of container as many in either direction. */
function planOf(cell: Cell, index: number, seed: number, patienceMs: number): Parameters<typeof runCase>[0] {
  const forth = index % 2 === 0;
  return {
    name: `chaos-${index + 1}`,
    cell,
    workload: index % 4 < 2 ? 'counter' : 'server',
    from: forth ? 'node-a' : 'node-b',
    to: forth ? 'node-b' : 'node-a',
    // By the cell, not by its place in the run: ONLY repeats what the run did.
    random: seededRandom(seed + createHash('sha256').update(nameOf(cell)).digest().readUInt32BE()),
    patienceMs,
  };
}

function conclude(results: readonly CaseResult[], injected: number): boolean {
  const violated = results.filter(({ verdict }) => verdict.violations.length > 0);
  console.log(`${injected} faults injected, ${violated.length} cases with violations`);
  return violated.length === 0;
}

// Nothing stays frozen, stopped or cut, whoever interrupts the run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.log(`\n${signal}: mending what is broken`);
    void mendAll().finally(() => process.exit(130));
  });
}

const program = new Command('chaos')
  .description('injects faults into migrations in the lab, and judges what becomes of the container')
  .option('--faults <number>', 'how many faults to inject, or `all` cells of the matrix', '220')
  .option('--seed <number>', 'decides which cells come first', String(Date.now() % 1_000_000))
  .option('--only <cells>', 'run these cells, separated by commas: source:engine.pause.before#1×criu')
  .option('--patience <seconds>', 'how long a migration may take after its fault was mended', '120')
  .option('--output <directory>', 'where the evidence of violations is kept')
  .action(async (options: Options) => {
    process.exitCode = (await main(options)) ? 0 : 1;
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

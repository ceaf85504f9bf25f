/** `make chaos`: injects faults into migrations in the lab and judges what becomes of the container. */
import { createHash } from 'node:crypto';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describeError } from '../../src/runtime/errors';
import { inLab, volumeRoot } from '../lib/chaos-lab';
import { project } from '../lib/lab-tools';
import { recordBoundaries, restartOperator } from './boundaries';
import { mendAll } from './faults';
import { keepCase, keepLogs, logPositions } from './case-files';
import { takeFacts } from './facts';
import type { Cell } from './matrix';
import { nameOf, orderCells, parseCell, SABOTAGE, seededRandom } from './matrix';
import { Migrations } from './migrations';
import { lineOf, pageOf, tableOf } from './report';
import type { CasePlan, CaseResult } from './run-case';
import { cleanLab, runCase } from './run-case';
import { labSettings, Sampler } from './sampler-client';

interface Options {
  readonly faults: string;
  readonly seed: string;
  readonly only?: string;
  readonly patience: string;
  readonly output?: string;
  readonly keep?: boolean;
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
    if (options.only === undefined) await proveSight(migrations, sampler);
    console.log(`seed ${seed}: ${boundaries.length} boundaries, ${cells.length} cells, evidence in ${output}\n`);
    const unjudged: string[] = [];
    for (const [index, cell] of cells.entries()) {
      if (results.filter(wasInjected).length >= wanted) break;
      const plan = planOf(cell, index, seed, Number(options.patience) * 1000);
      const evidence = { directory: join(output, plan.name), keepAll: options.keep === true };
      const result = await runCaseTwice(plan, migrations, sampler, evidence);
      if (result === undefined) unjudged.push(nameOf(cell));
      else results.push(result);
    }
    const injected = results.filter(wasInjected).length;
    const facts = takeFacts(results, { seed, boundaries: boundaries.length, cells: cells.length, startedMs });
    console.log(`\n${tableOf(results)}\n`);
    const full = injected >= FULL_RUN && options.only === undefined;
    const page = full ? join(project, 'docs/reliability.md') : join(output, 'reliability.md');
    writeFileSync(page, pageOf(results, facts));
    console.log(`written: ${page}`);
    const violated = results.filter(({ verdict }) => verdict.violations.length > 0);
    for (const cell of unjudged) console.log(`not judged: ${cell}`);
    console.log(`${injected} faults injected, ${violated.length} cases with violations, ${unjudged.length} not judged`);
    // Without one injected fault nothing was proven.
    return violated.length === 0 && unjudged.length === 0 && injected > 0;
  } finally {
    await cleanLab(migrations);
    sampler.stop();
    await migrations.close();
    await restartOperator({ breakpoints: false });
  }
}

/** What the judge must find when two copies run: in the control groups, and in what they write. */
const SEEN = ['two running', 'two lives'];

/** Lets two copies run on purpose. Throws when that goes unseen: then the run would prove nothing. */
async function proveSight(migrations: Migrations, sampler: Sampler): Promise<void> {
  await cleanLab(migrations);
  const { verdict, injected } = await runCase(planOf(SABOTAGE, 0, 0, 10_000), migrations, sampler);
  const unseen = SEEN.filter((word) => !verdict.violations.some((violation) => violation.startsWith(word)));
  if (injected === undefined || unseen.length > 0)
    throw new Error(
      `two copies ran on purpose, and this was not seen: ${unseen.join(', ')}; seen: ${verdict.violations.join('; ')}`,
    );
}

/** Forth and back in turn, and of each kind of container as many in either direction. */
function planOf(cell: Cell, index: number, seed: number, patienceMs: number): CasePlan {
  const forth = index % 2 === 0;
  return {
    name: `chaos-${index + 1}`,
    number: index + 1,
    cell,
    workload: index % 4 < 2 ? 'counter' : 'server',
    from: forth ? 'node-a' : 'node-b',
    to: forth ? 'node-b' : 'node-a',
    // By the cell, not by its place in the run: ONLY repeats what the run did.
    random: seededRandom(seed + createHash('sha256').update(nameOf(cell)).digest().readUInt32BE()),
    patienceMs,
  };
}

const wasInjected = ({ injected }: CaseResult): boolean => injected !== undefined;

/**
 * Runs the case, and once more when it could not be judged, and shows what came of it. Undefined when it could not be
 * judged at all: the harness itself failed, which is no proof of anything.
 */
async function runCaseTwice(
  plan: CasePlan,
  migrations: Migrations,
  sampler: Sampler,
  { directory, keepAll }: { readonly directory: string; readonly keepAll: boolean },
): Promise<CaseResult | undefined> {
  for (const time of ['first', 'second']) {
    const begun = logPositions();
    try {
      await cleanLab(migrations);
      const result = await runCase(plan, migrations, sampler);
      console.log(lineOf(result, plan.number));
      if (result.verdict.violations.length > 0 || keepAll) {
        keepCase(directory, result, begun);
        console.log(`        evidence: ${directory}`);
      }
      return result;
    } catch (error) {
      console.log(
        `! ${String(plan.number).padStart(3)}  ${nameOf(plan.cell)}  not judged, ${time} time: ${describeError(error)}`,
      );
      keepLogs(directory, begun);
    }
  }
  return undefined;
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
  .option('--keep', 'keep it of every case')
  .action(async (options: Options) => {
    process.exitCode = (await main(options)) ? 0 : 1;
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

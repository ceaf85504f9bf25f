/** `make bench`: how long a container is away when it moves, by every way that there is, in the running lab. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { describeError } from '../../src/runtime/errors';
import { labEnvironment, project } from '../lib/lab-tools';
import type { Case } from './cases';
import { CASES } from './cases';
import { compareRuns } from './compare';
import { measure } from './measure';
import { render } from './render';
import type { BenchRun } from './result';
import { parseRun, printRun } from './result';

interface Options {
  readonly quick?: boolean;
  readonly only?: readonly string[];
  readonly ways?: readonly string[];
  readonly rounds?: number;
  readonly warmUps?: number;
  readonly output?: string;
  readonly render?: boolean;
  readonly compare?: readonly string[];
}

/** What is committed; a short or partial run does not overwrite it. */
const WHOLE = join(project, 'docs/benchmarks');
const PARTIAL = join(project, '.bench');
const ROUNDS = 10;
const QUICK_ROUNDS = 2;

async function main(options: Options): Promise<boolean> {
  const { quick = false, only, ways, rounds, warmUps, output, render: again, compare } = options;
  if (compare !== undefined) {
    const [one, other] = compare.map((file) => parseRun(readFileSync(file, 'utf8')));
    if (one === undefined || other === undefined) throw new Error('--compare needs two files, separated by a comma');
    console.log(compareRuns(one, other));
    return true;
  }
  const directory = output ?? (quick || only !== undefined || ways !== undefined ? PARTIAL : WHOLE);
  if (again === true) return rendered(directory);

  const plan = {
    cases: chosen(only, quick),
    ways,
    rounds: rounds ?? (quick ? QUICK_ROUNDS : ROUNDS),
    warmUps: warmUps ?? (quick ? 0 : 1),
    quick,
  };
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${labEnvironment()['LAB_PROFILE'] ?? ''}.json`);
  const keep = (run: BenchRun): void => {
    writeFileSync(`${file}.new`, printRun(run));
    renameSync(`${file}.new`, file);
  };
  const { samples } = await measure(plan, keep, interrupted());
  await rendered(directory);
  const failed = samples.filter(({ error }) => error !== undefined).length;
  console.log(`${samples.length - failed} samples, ${failed} failed`);
  return failed === 0 && samples.length > 0;
}

async function rendered(directory: string): Promise<boolean> {
  for (const name of await render(directory)) console.log(`wrote ${join(directory, name)}`);
  return true;
}

function chosen(only: readonly string[] | undefined, quick: boolean): Case[] {
  const unknown = only?.filter((id) => !CASES.some((one) => one.id === id)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no case ${unknown.join(', ')}`);
  return CASES.filter((one) => only?.includes(one.id) ?? (!quick || one.quick));
}

/** Aborted by a Ctrl-C or SIGTERM: the move under way is finished, and the rest left out. A second one ends it at once. */
function interrupted(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      console.error('ending after this move');
      stop.abort();
    });
  }
  return stop.signal;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is needed');
  return value;
}

function positive(text: string): number {
  const value = whole(text);
  if (value < 1) throw new InvalidArgumentError('a whole number above 0 is needed');
  return value;
}

const list = (text: string): string[] => text.split(',');

const program = new Command('bench')
  .description('moves containers by every way that there is, and measures how long they are away')
  .option('--quick', 'a few cases, two rounds: minutes')
  .option('--only <cases>', 'these cases, by their ids, separated by commas', list)
  .option('--ways <ways>', 'these ways, by their ids, separated by commas', list)
  .option('-n, --rounds <n>', `measured rounds (default ${ROUNDS})`, positive)
  .option('--warm-ups <n>', 'rounds before them that are in no figure (default 1, quick 0)', whole)
  .option('--output <directory>', 'where the results lie (default docs/benchmarks, .bench for a part)')
  .option('--render', 'only make the page and the pictures again, of the JSON files')
  .option('--compare <files>', 'only compare two results, FILE,FILE', list)
  .action(async (options: Options) => {
    process.exitCode = (await main(options)) ? 0 : 1;
  });

program.parseAsync().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});

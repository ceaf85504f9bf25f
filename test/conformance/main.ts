/** `make conformance`: moves one container of every kind in the running lab, and says what was the same afterwards. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describeError } from '../../src/runtime/errors';
import { Migrations } from '../chaos/migrations';
import type { NodeName } from '../lib/lab-docker';
import { labEnvironment, project } from '../lib/lab-tools';
import { command, NODES } from '../soak/lab';
import type { Case, CaseResult, Machine, NotRunCase } from './case';
import { GROUPS } from './cases/all';
import { onNode } from './lab';
import type { Run } from './report';
import { countsOf, lineOf, pageOf } from './report';
import type { Suite } from './run-case';
import { runCase } from './run-case';

interface Options {
  readonly only?: string;
  readonly fast?: boolean;
  readonly report?: boolean;
}

const DIRECTORY = join(project, 'docs/conformance');

async function main({ only, fast, report }: Options): Promise<boolean> {
  const startedMs = Date.now();
  const wanted = only?.split(',');
  const chosen = GROUPS.flatMap(({ heading, cases }) => cases.map((one) => ({ heading, one }))).filter(({ one }) =>
    wanted === undefined ? fast !== true || isFast(one) : wanted.includes(one.id),
  );
  const known = chosen.map(({ one }) => one.id);
  const unknown = wanted?.filter((id) => !known.includes(id)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no case ${unknown.join(', ')}`);
  const addresses = new Map<NodeName, string>();
  for (const node of NODES) addresses.set(node, await addressOf(node));
  const migrations = new Migrations();
  const suite = { migrations, machine: await takeMachine(), addressOf: (node: NodeName) => addresses.get(node) ?? '' };
  const results: CaseResult[] = [];
  try {
    for (const { heading, one } of chosen) {
      const first = await runCase(one, heading, suite);
      console.log(lineOf(first));
      results.push(fast === true && first.outcome === 'failed' ? await again(first, one, heading, suite) : first);
    }
  } finally {
    await migrations.close();
  }
  if (report === true) await writeReport(results, startedMs, only === undefined && fast !== true);
  console.log(`\n${labEnvironment()['LAB_PROFILE'] ?? ''}: ${countsOf(results)}`);
  // What could not be run at all proves nothing.
  return results.some(({ outcome }) => outcome === 'passed') && !results.some(({ outcome }) => outcome === 'failed');
}

/**
 * A part of `make test` is tried twice before it holds a change up; what it said the first time is told whatever comes of
 * the second, and again at the end of the tests (scripts/run-tests.sh). `make conformance` tries nothing twice.
 */
async function again(first: CaseResult, one: Case | NotRunCase, heading: string, suite: Suite): Promise<CaseResult> {
  const second = await runCase(one, heading, suite);
  console.log(lineOf(second));
  if (second.outcome !== 'failed') console.log(`⚠ ${one.id} failed, and passed at the second try: ${first.why ?? ''}`);
  return second;
}

const isFast = (one: Case | NotRunCase): boolean => 'fast' in one && one.fast;

async function addressOf(node: NodeName): Promise<string> {
  const path = 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}';
  return (await command('kubectl', 'get', 'node', node, '-o', path)).trim();
}

/** Bit of CAP_SYS_RESOURCE, linux/capability.h. */
const SYS_RESOURCE = 24n;

async function takeMachine(): Promise<Machine> {
  const bounding = await onNode('node-a', "sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status");
  const docker = Number.parseInt(await onNode('node-a', "docker version --format '{{.Server.Version}}'"), 10);
  return { hasSysResource: ((BigInt(`0x${bounding}`) >> SYS_RESOURCE) & 1n) === 1n, docker };
}

/**
 * Keeps the results of this profile, and writes the page out of those of all profiles. Of a run of some cases those take
 * the place of what the last whole run found; of cases that are no more, nothing is kept.
 */
async function writeReport(found: readonly CaseResult[], startedMs: number, isWhole: boolean): Promise<void> {
  const file = join(DIRECTORY, `${labEnvironment()['LAB_PROFILE'] ?? ''}.json`);
  const last = isWhole || !existsSync(file) ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as Run);
  const results = GROUPS.flatMap(({ cases }) => cases).flatMap(
    ({ id }) => [...found, ...(last?.results ?? [])].find((one) => one.id === id) ?? [],
  );
  const run: Run = {
    profile: labEnvironment()['LAB_PROFILE'] ?? '',
    date: new Date(startedMs).toISOString().slice(0, 10),
    minutes: (last?.minutes ?? 0) + (Date.now() - startedMs) / 60_000,
    driver: 'runc',
    versions: await takeVersions(),
    machine: `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    loadAverage: loadavg()[2] ?? 0,
    results,
  };
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'));
  const runs = files.map((name) => JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as Run);
  // The current Engine first.
  const page = pageOf(runs.toSorted((one, other) => other.profile.localeCompare(one.profile)));
  writeFileSync(join(project, 'docs/conformance.md'), page);
}

/** The programs of the nodes, by their own word. */
const takeVersions = (): Promise<string> =>
  onNode(
    'node-a',
    `printf 'Docker %s, containerd %s, runc %s, CRIU %s' \
      "$(dockerd --version | sed 's/.*version \\([^,]*\\).*/\\1/')" "$(containerd --version | cut -d' ' -f3)" \
      "$(runc --version | sed -n 's/^runc version //p')" "$(criu --version | sed -n 's/^Version: //p')"`,
  );

const program = new Command('conformance')
  .description('moves a container of every kind in the running lab, and compares it with what it was')
  .option('--fast', 'the part that belongs to `make test`')
  .option('--only <cases>', 'these cases, by their ids, separated by commas')
  .option('--report', 'write docs/conformance.md')
  .action(async (options: Options) => {
    process.exitCode = (await main(options)) ? 0 : 1;
  });

program.parseAsync().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});

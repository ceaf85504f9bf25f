/** One case in the lab: makes the container, reads it, moves it, reads it again, and looks what is left. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerMigration } from '../../src/api/types';
import { parseMigration } from '../../src/api/validate';
import { describeError } from '../../src/runtime/errors';
import { findLeftovers } from '../chaos/evidence';
import type { Migrations } from '../chaos/migrations';
import { isFinal } from '../chaos/migrations';
import { askDocker } from '../lib/chaos-docker';
import { manifestOf } from '../lib/lab-migration';
import type { NodeName } from '../lib/lab-docker';
import { sleep } from '../lib/waiting';
import { command, list } from '../soak/lab';
import type { Case, CaseResult, Expectation, Machine, NotRunCase, Place, Reading } from './case';
import { compare } from './compare';
import { docker, stdoutOf } from './lab';
import { lookOutside } from './outside';
import { ask, joined } from './witness';

/** All containers of the suite are called so. */
export const PREFIX = 'conformance-';
const [FROM, TO] = ['node-a', 'node-b'] as const;
const READY_MS = 15_000;
const MOVE_MS = 120_000;
/** Beyond everything that a case waits for. */
const CASE_MS = 240_000;
const SETTLE_MS = 15_000;

/** What a case is run with. */
export interface Suite {
  readonly migrations: Migrations;
  readonly machine: Machine;
  readonly addressOf: (node: NodeName) => string;
}

type Judged = Pick<CaseResult, 'outcome' | 'why' | 'downtime'>;

/** Runs the case and says what became of it, also when the case itself breaks. */
export async function runCase(one: Case | NotRunCase, heading: string, suite: Suite): Promise<CaseResult> {
  const startedMs = performance.now();
  const { id, title, origin } = one;
  const about = { id, title, origin, heading };
  if ('notRun' in one) return { ...about, states: '', outcome: 'not run', why: one.notRun, tookMs: 0 };
  let judged: Judged;
  const tooLong = new AbortController();
  try {
    await clean(one, suite);
    judged = await Promise.race([move(one, suite), expiry(tooLong.signal)]);
  } catch (error) {
    judged = { outcome: 'failed', why: describeError(error) };
  }
  tooLong.abort();
  await clean(one, suite).catch((error: unknown) => {
    judged = {
      ...judged,
      outcome: 'failed',
      why: `${judged.why ?? ''} not cleaned up: ${describeError(error)}`.trim(),
    };
  });
  return { ...about, states: one.states, ...judged, tookMs: Math.round(performance.now() - startedMs) };
}

async function move(one: Case, suite: Suite): Promise<Judged> {
  const name = PREFIX + one.id;
  const placeOn = (node: NodeName): Place => ({ node, name, address: suite.addressOf(node) });
  const unmovable = one.unmovable?.(suite.machine);
  const expected: Expectation =
    unmovable === undefined
      ? expectationOf(one, suite.machine)
      : { kind: 'refused', phase: 'Failed', reason: unmovable.reason };

  // The lab may have been used before.
  const already = new Set(findLeftovers());
  await one.setUp?.();
  await docker(FROM, 'run', '--detach', '--name', name, ...one.run);
  await (one.ready ?? hasSaidReady)(placeOn(FROM));
  const before = await look(one, placeOn(FROM));
  const beside = await one.beside?.(placeOn(FROM));
  let ended: { readonly violations: readonly string[]; readonly remark?: string } | undefined;
  let migration: ContainerMigration;
  const faults: string[] = [];
  try {
    migration = await migrate(name, one, suite);
    const outcome = endOf(migration);
    const wanted = expected.kind === 'moved' ? 'Succeeded' : `${expected.phase}: ${expected.reason}`;
    if (outcome !== wanted) return { outcome: 'failed', why: `${outcome}, ${migration.status.message ?? ''}` };
    const home = placeOn(expected.kind === 'moved' ? TO : FROM);
    faults.push(...(await leftOver(home, already)));
    faults.push(...compare(before, await look(one, home), differsBy(one, suite.machine)));
    faults.push(...((await one.judge?.(migration, home)) ?? []));
  } finally {
    ended = await beside?.stop();
  }
  faults.push(...(ended?.violations ?? []));
  const downtime = migration.status.downtime?.frozen;
  const measured = downtime === undefined || expected.kind !== 'moved' ? {} : { downtime };
  if (faults.length > 0) return { outcome: 'failed', why: faults.join('; '), ...measured };
  if (unmovable !== undefined) return { outcome: 'not run', why: `${unmovable.why}; refused: ${unmovable.reason}` };
  if (expected.kind === 'refused') return { outcome: 'refused', why: expected.reason };
  return { outcome: 'passed', ...(ended?.remark === undefined ? {} : { why: ended.remark }), ...measured };
}

function expectationOf({ expected = { kind: 'moved' } }: Case, machine: Machine): Expectation {
  return typeof expected === 'function' ? expected(machine) : expected;
}

async function look(one: Case, place: Place): Promise<Reading> {
  // Its own answer first: it may be about to do what is seen from outside then.
  const inside = await (one.look ?? ask)(place);
  return joined(inside, await lookOutside(place));
}

/** CRIU cannot take its own oom_score_adj, 1, back from what it restores, where nobody may lower it. */
function differsBy({ differs = [] }: Case, { hasSysResource }: Machine): readonly string[] {
  return hasSysResource ? differs : [...differs, 'oomScoreAdj'];
}

async function hasSaidReady({ node, name }: Place): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await stdoutOf(node, name)).includes('ready')) {
    if (Date.now() > deadline) throw new Error(`the container is not ready: ${await complaintsOf(node, name)}`);
    await sleep(100);
  }
}

/** The end of what it wrote to stderr, through a second client: the first one's stderr is thrown away when it succeeds. */
async function complaintsOf(node: NodeName, name: string): Promise<string> {
  const script = 'docker logs --tail 5 "$1" 2>&1 | tail -c 500';
  return command('lab/node-exec', node, 'sh', '-euc', script, 'sh', name);
}

async function migrate(name: string, one: Case, { migrations }: Suite): Promise<ContainerMigration> {
  const file = join(mkdtempSync(join(tmpdir(), 'transship-conformance-')), 'migration.json');
  const spec = { retainCheckpoint: 'Never', ...one.spec };
  writeFileSync(file, manifestOf({ name, container: name, from: FROM, to: TO, spec }));
  await command('kubectl', 'apply', '-f', file);
  const seen = await migrations.awaitEnd(name, MOVE_MS);
  if (!isFinal(seen)) throw new Error(`no end within ${MOVE_MS} ms: ${JSON.stringify(seen?.status)}`);
  return parseMigration(seen);
}

function endOf({ status: { phase, reason = 'no reason' } }: ContainerMigration): string {
  return phase === 'Succeeded' ? phase : `${phase ?? 'no phase'}: ${reason}`;
}

/** What is there besides the one container that runs at home, once the agents have had the time to tidy up. */
async function leftOver({ node, name }: Place, already: ReadonlySet<string>): Promise<string[]> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const found = findLeftovers().filter((what) => !already.has(what));
    for (const where of [FROM, TO]) {
      for (const container of await list(where, name)) {
        if (container.name !== name) continue;
        if (where !== node || container.state !== 'running') found.push(`${where}: container ${container.state}`);
      }
    }
    if (found.length === 0 || Date.now() > deadline) return found.map((what) => `left over: ${what}`);
    await sleep(200);
  }
}

/** Takes away what this case, or an earlier run of it, has made. */
async function clean(one: Case, { migrations }: Suite): Promise<void> {
  for (const name of (await migrations.names()).filter((found) => found.startsWith(PREFIX))) {
    const held = await migrations.delete(name, 30_000);
    if (held === undefined) continue;
    await migrations.forceAway(name);
    throw new Error(`migration ${name} could not be deleted: ${held}`);
  }
  for (const node of [FROM, TO]) {
    for (const found of await list(node, PREFIX)) await remove(node, found.name);
  }
  await one.tearDown?.();
}

/** Past the client, of which each costs a tenth of a second and more. */
async function remove(node: NodeName, name: string): Promise<void> {
  await askDocker(node, 'DELETE', `/containers/${name}?force=true&v=true`).catch((error: unknown) => {
    // One that was made with --rm may be on its way out.
    if (!/: (404|409) /.test(String(error))) throw error;
  });
}

function expiry(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the case took longer than ${CASE_MS} ms`));
    }, CASE_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  });
}

/**
 * How long containers are away when many move at once, by how many of a node may be frozen: docs/many-at-once.md.
 *
 *   ts-node test/bench-many/main.ts SECONDS [FIRST ROUND: an odd one goes backwards]
 *
 * In the lab that runs. All combinations in turn, again and again until the time is over: what the machine does besides meets
 * all of them. Prints a line of JSON for each, and at last a table.
 */
import { isFinal } from '../../src/api/types';
import { counterScript } from '../lib/counter';
import { longestGap } from '../lib/gaps';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers } from '../lib/lab-docker';
import { apply, deleteMigrations, otherNode, until } from '../lib/lab-migration';
import { labEnvironment, run } from '../lib/lab-tools';

/** How many at once, and of them how many frozen; 0 is no limit. */
const COMBINATIONS: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 1],
  [2, 2],
  [4, 1],
  [4, 2],
  [4, 4],
  [8, 1],
  [8, 2],
  [8, 4],
  [8, 0],
];
const NAMES = Array.from({ length: 8 }, (_, i) => `bench-many-${i}`);

interface Result {
  readonly gapsMs: number[];
  readonly totalMs: number[];
  readonly failed: string[];
}

function controllerWith(...settings: string[]): void {
  const env = { ...labEnvironment(), LAB_CONTROLLER_ENVIRONMENT: settings.join(' ') };
  const { code, stderr } = run('lab/service', ['start', 'controller'], { env });
  if (code !== 0) throw new Error(stderr);
}

/** Moves so many at once. The time is from the creation of the objects until the last one has ended. */
async function moveAll(
  names: readonly string[],
  from: NodeName,
): Promise<{ gapsMs: number[]; totalMs: number; failed: string[] }> {
  const to = otherNode(from);
  const beganMs = Date.now();
  apply(...names.map((name) => ({ name, container: name, from, to })));
  let endedMs = 0;
  const failed: string[] = [];
  const moved: string[] = [];
  for (const name of names) {
    const { status } = await until(name, 'end', isFinal);
    if (status.phase === 'Succeeded') moved.push(name);
    else failed.push(`${status.reason ?? ''}: ${status.message ?? ''}`);
    endedMs = Math.max(endedMs, Date.parse(status.finishedAt ?? ''));
  }
  const gapsMs = moved.map((name) => {
    const { fromMs, toMs } = longestGap(to, name);
    if (fromMs < beganMs) throw new Error(`${name} stood still before it was moved`);
    return toMs - fromMs;
  });
  deleteMigrations();
  return { gapsMs, totalMs: endedMs - beganMs, failed };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function main(): Promise<void> {
  const untilMs = Date.now() + Number(process.argv[2] ?? 300) * 1_000;
  const results = new Map<string, Result>(
    COMBINATIONS.map(([many, frozen]) => [`${many}/${frozen}`, { gapsMs: [], totalMs: [], failed: [] }]),
  );
  deleteMigrations();
  for (let round = Number(process.argv[3] ?? 0); Date.now() < untilMs; round++) {
    for (const [many, frozen] of round % 2 === 0 ? COMBINATIONS : COMBINATIONS.toReversed()) {
      if (Date.now() >= untilMs) break;
      const names = NAMES.slice(0, many);
      removeContainers(...NAMES);
      const from = round % 2 === 0 ? 'node-a' : 'node-b';
      for (const name of names)
        docker(from, 'run', '-d', '--name', name, 'transship-lab/busybox:1', 'sh', '-c', counterScript(10_000));
      controllerWith('TRANSSHIP_MAX_MIGRATIONS_PER_NODE=0', `TRANSSHIP_MAX_FROZEN_PER_NODE=${frozen}`);
      const result = await moveAll(names, from);
      console.log(JSON.stringify({ round, many, frozen, ...result }));
      results.get(`${many}/${frozen}`)?.gapsMs.push(...result.gapsMs);
      results.get(`${many}/${frozen}`)?.totalMs.push(result.totalMs);
      results.get(`${many}/${frozen}`)?.failed.push(...result.failed);
    }
  }
  removeContainers(...NAMES);
  controllerWith();
  console.log(
    '| at once | frozen at once | median gap | worst gap | total (median) | runs | failed |\n| - | - | - | - | - | - | - |',
  );
  for (const [name, { gapsMs, totalMs, failed }] of results) {
    const [many = '', frozen = ''] = name.split('/');
    const s = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
    const cells = [
      many,
      frozen === '0' ? 'no limit' : frozen,
      s(median(gapsMs)),
      s(Math.max(...gapsMs)),
      s(median(totalMs)),
      totalMs.length,
      failed.length,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

/**
 * Measures what the OCI runtime wrapper adds to a call that it passes through: the same call of runc with and without it,
 * one after the other, in turn, on this machine.
 *
 *   ts-node scripts/wrapper-overhead.ts [CALLS=200] [RUNC=runc]
 *
 * Prints tenth percentiles, medians and the median of the differences of neighbouring calls in ms; on a busy machine the
 * tenth percentiles are the least disturbed, because whatever disturbs only adds. Needs a program that answers `--version` and
 * `state ID` quickly; without an argument it is the `runc` in PATH. Run it in a node of the lab: docs/wrapper.md.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { quantile } from '../test/bench/statistics';

const calls = Number(process.argv[2] ?? 200);
const runc = process.argv[3] ?? 'runc';
const wrapper = process.env['TRANSSHIP_WRAPPER'] ?? join(__dirname, '../oci/transship-runc');
const id = 'd'.repeat(64);

/** A call that Docker makes for every container, one that names no container, and one of an id without a marker. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  '--version': ['--version'],
  'state of a container': ['--root', '/run/transship-overhead', 'state', id],
};

/** Wall time of one call in ms. */
function time(program: string, args: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { error } = spawnSync(program, args, {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], TRANSSHIP_RUNC: runc },
  });
  if (error !== undefined) throw error;
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const told = (values: readonly number[], share: number): string =>
  quantile(
    values.toSorted((one, other) => one - other),
    share,
  ).toFixed(2);

for (const [name, args] of Object.entries(CASES)) {
  for (const program of [runc, wrapper]) time(program, args);
  const plain: number[] = [];
  const wrapped: number[] = [];
  for (let call = 0; call < calls; call++) {
    // Which of the two goes first changes: nothing that comes and goes meanwhile favours one of them.
    const turns = call % 2 === 0 ? [runc, wrapper] : [wrapper, runc];
    for (const program of turns) (program === runc ? plain : wrapped).push(time(program, args));
  }
  const difference = wrapped.map((ms, call) => ms - (plain[call] ?? NaN));
  const words = [
    `runc p10 ${told(plain, 0.1)}, median ${told(plain, 0.5)}`,
    `wrapped p10 ${told(wrapped, 0.1)}, median ${told(wrapped, 0.5)}`,
    `median of differences ${told(difference, 0.5)}`,
  ];
  process.stdout.write(`${name}: ${words.join('; ')} ms, n = ${calls}\n`);
}

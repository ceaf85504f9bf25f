import fc from 'fast-check';
import { scripts } from './arbitrary';
import { CONTROLLER_BRANCHES, SOURCE_BRANCHES, TARGET_BRANCHES } from '../../../src/protocol/branches';
import { REAL } from './behaviour';
import { play, tellStory } from './run';
import type { Script } from './run';

jest.mock('../../../src/api/spec-digest', () =>
  jest.requireActual<typeof import('./memoized-digest')>('./memoized-digest').memoizedDigest(),
);

function missing(branches: ReadonlySet<string>): string[] {
  return [
    ...Object.keys(CONTROLLER_BRANCHES).map((name) => `controller.${name}`),
    ...Object.keys(SOURCE_BRANCHES).map((name) => `source.${name}`),
    ...Object.keys(TARGET_BRANCHES).map((name) => `target.${name}`),
  ].filter((name) => !branches.has(name));
}

const runs = Number(process.env['MODEL_RUNS'] ?? 20_000);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);

test(`no interleaving breaks an invariant (${runs} runs, seed ${seed})`, () => {
  const branches = new Set<string>();
  const began = Date.now();
  const result = fc.check(
    fc.property(scripts, (script: Script) => {
      play(script, REAL, branches);
    }),
    { numRuns: runs, seed },
  );
  console.log(`${result.numRuns} runs, seed ${seed}, ${Date.now() - began} ms, ${branches.size} branches`);
  console.log(missing(branches).join(' '));
  if (result.failed) {
    const script = result.counterexample?.[0];
    throw new Error(
      `seed ${seed}, path ${result.counterexamplePath ?? ''}: ${String(result.errorInstance)}\n` +
        `${JSON.stringify(script)}\n${script === undefined ? '' : tellStory(script, REAL)}`,
    );
  }
}, 600_000);

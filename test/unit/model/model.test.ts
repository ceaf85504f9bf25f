import fc from 'fast-check';
import { CONTROLLER_BRANCHES, SOURCE_BRANCHES, TARGET_BRANCHES } from '../../../src/protocol/branches';
import { scripts } from './arbitrary';
import { REAL } from './behaviour';
import type * as Memoized from './memoized-digest';
import { play, tellStory } from './run';

jest.mock('../../../src/api/spec-digest', () =>
  jest.requireActual<typeof Memoized>('./memoized-digest').memoizedDigest(),
);

/**
 * `MODEL_SEED=… MODEL_RUNS=… npx jest --selectProjects unit --testPathPatterns unit/model/model` plays the same runs
 * again; what is found is told as a story, shrunk.
 */
const runs = Number(process.env['MODEL_RUNS'] ?? 100_000);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);

/**
 * Branches that no run can take: the spec of the model is a good one that names both nodes, its nodes have one driver and nothing to choose from,
 * its controller grants no step too early, and its one migration never has to wait for others
 * (test/unit/controller/turn-keeper.test.ts has many).
 */
const OUT_OF_REACH = [
  'controller.AwaitFreezeTurn',
  'controller.AwaitTargetNode',
  'controller.AwaitTurn',
  'controller.PickTarget',
  'controller.RefuseNoDriver',
  'controller.RefuseNoTarget',
  'controller.RefuseNode',
  'controller.RefuseSpec',
  'target.NothingPrepared',
];

const names = (actor: string, branches: object): string[] => Object.keys(branches).map((name) => `${actor}.${name}`);

describe('the three decisions in a simulated world', () => {
  const taken = new Set<string>();

  test(`keep every promise, whatever happens in whatever order (${runs} runs, seed ${seed})`, () => {
    const beganMs = Date.now();
    const property = fc.property(scripts, (script) => {
      play(script, REAL, taken);
    });
    const result = fc.check(property, { numRuns: runs, seed });
    console.log(`model: ${result.numRuns} runs, seed ${seed}, ${Date.now() - beganMs} ms`);
    const script = result.counterexample?.[0];
    const found =
      script === undefined
        ? undefined
        : `seed ${seed}, path ${result.counterexamplePath ?? ''}, ${JSON.stringify(script)}\n${tellStory(script, REAL)}`;
    expect(found).toBeUndefined();
  }, 900_000);

  test('take every branch on the way', () => {
    const all = [
      ...names('controller', CONTROLLER_BRANCHES),
      ...names('source', SOURCE_BRANCHES),
      ...names('target', TARGET_BRANCHES),
    ];
    const missing = (): string[] => all.filter((name) => !taken.has(name)).sort();
    // Chance may have passed a rare one by; these runs do not.
    if (missing().length > OUT_OF_REACH.length) {
      const property = fc.property(scripts, (script) => {
        play(script, REAL, taken);
      });
      fc.assert(property, { numRuns: 60_000, seed: 20_260_101 });
    }
    expect(missing()).toEqual(OUT_OF_REACH);
  }, 900_000);
});

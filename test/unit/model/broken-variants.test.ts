import fc from 'fast-check';
import { scripts } from './arbitrary';
import type { Behaviour } from './behaviour';
import { REAL } from './behaviour';
import { Violation } from './failures';
import { play } from './run';
import { VARIANTS } from './variants';

jest.mock('../../../src/api/spec-digest', () =>
  jest.requireActual<typeof import('./memoized-digest')>('./memoized-digest').memoizedDigest(),
);

/** The same runs every time: a model that has gone blind fails here for certain. */
const SEED = 20_260_101;
const AT_MOST = 60_000;

/** What the first run says that breaks this promise; other promises may be broken on the way. */
function firstBreach(behaviour: Behaviour, promise: RegExp): { readonly message: string; readonly runs: number } {
  const result = fc.check(
    fc.property(scripts, (script) => {
      try {
        play(script, behaviour);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        if (promise.test(error.message)) {
          play(script, REAL);
          throw error;
        }
      }
    }),
    { numRuns: AT_MOST, seed: SEED, endOnFailure: true },
  );
  const { errorInstance: error } = result;
  return { message: error instanceof Error ? error.message : `nothing found in ${AT_MOST} runs`, runs: result.numRuns };
}

describe('the model finds out when', () => {
  const told: string[] = [];

  afterAll(() => {
    console.log(told.join('\n'));
  });

  test.each(VARIANTS)('$name', ({ name, behaviour, breaks }) => {
    const { message, runs } = firstBreach(behaviour, breaks);
    told.push(`${name}: run ${runs}, ${message}`);
    expect(message).toMatch(breaks);
  });
});

import fc from 'fast-check';
import { focused, scripts } from './arbitrary';
import type { Behaviour } from './behaviour';
import { REAL } from './behaviour';
import { Violation } from './failures';
import type * as Memoized from './memoized-digest';
import { play, tellStory } from './run';
import type { Script } from './run';
import { VARIANTS } from './variants';
import type { Variant } from './variants';

jest.mock('../../../src/api/spec-digest', () =>
  jest.requireActual<typeof Memoized>('./memoized-digest').memoizedDigest(),
);

/** The same runs every time: a model that has gone blind fails here for certain. */
const SEED = 20_260_101;
const AT_MOST = 20_000;

function breachOf(script: Script, behaviour: Behaviour): string | undefined {
  try {
    play(script, behaviour);
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
}

/** What the first run says in which the mistake breaks this promise; other promises may be broken before. */
function firstBreach({ behaviour, breaks, focus }: Variant): { readonly message: string; readonly runs: number } {
  let message = `nothing found in ${AT_MOST} runs`;
  const { numRuns } = fc.check(
    fc.property(focus === undefined ? scripts : focused(focus), (script) => {
      const breach = breachOf(script, behaviour);
      if (breach === undefined || !breaks.test(breach)) return true;
      // It is the mistake that breaks it.
      const withoutMistake = breachOf(script, REAL);
      message = withoutMistake === undefined ? breach : `even without the mistake: ${tellStory(script, REAL)}`;
      return false;
    }),
    { numRuns: AT_MOST, seed: SEED, endOnFailure: true },
  );
  return { message, runs: numRuns };
}

describe('the model finds out when', () => {
  const told: string[] = [];

  afterAll(() => {
    console.log(told.join('\n'));
  });

  test.each(VARIANTS)('$name', (variant) => {
    const { name, breaks } = variant;
    const { message, runs } = firstBreach(variant);
    told.push(`${name}: run ${runs}, ${message}`);
    expect(message).toMatch(new RegExp(`^(${breaks.source})`));
  });
});

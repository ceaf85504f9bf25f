import fc from 'fast-check';
import { MOVE_NUMBERS, TROUBLES } from './moves';
import type { Script } from './run';
import type { Setting } from './world';

const setting: fc.Arbitrary<Setting> = fc.nat(2 ** 5 * 3 ** 4 - 1).map((n) => {
  let rest = n;
  const take = (base: number): number => {
    const digit = rest % base;
    rest = Math.floor(rest / base);
    return digit;
  };
  return {
    policyAlways: take(2) === 1,
    liveRestoreSource: take(2) === 1,
    liveRestoreTarget: take(2) === 1,
    keep: take(2) === 1,
    impatient: take(2) === 1,
    retain: take(3) as 0 | 1 | 2,
    backoffLimit: take(3),
    skewMinutes: [take(3) - 1, take(3) - 1],
  };
});

const troubles = fc.nat(2 ** TROUBLES.length - 1);

/** A run of the model. Small numbers are plain runs, so that what shrinks becomes plain. */
export const scripts: fc.Arbitrary<Script> = fc
  .tuple(
    setting,
    fc.nat(56),
    fc.array(fc.nat(MOVE_NUMBERS - 1), { maxLength: 40, size: 'max' }),
    // A quarter of all kinds in a run, more or less.
    fc.tuple(troubles, troubles),
    fc.nat(5),
  )
  .map(([world, ahead, moves, [some, others], lost]) => ({
    setting: world,
    ahead,
    moves,
    troubles: some & others,
    lost: lost > 3 ? lost - 3 : 0,
  }));

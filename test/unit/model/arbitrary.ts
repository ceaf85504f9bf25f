import fc from 'fast-check';
import { MOVE_NUMBERS, TROUBLES } from './moves';
import type { Trouble } from './moves';
import type { Script } from './run';
import type { Setting } from './world';

const setting: fc.Arbitrary<Setting> = fc.nat(2 ** 5 * 3 ** 5 * 8 - 1).map((n) => {
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
    preflightOnly: take(8) === 7,
    lazy: take(3) === 2,
  };
});

const ALL = 2 ** TROUBLES.length - 1;

const one = fc.nat(TROUBLES.length - 1).map((kind) => 1 << kind);

/** One or two kinds of trouble, or a quarter of all, more or less: few of them come to more than many do. */
const troubles = fc
  .tuple(fc.nat(2), fc.tuple(one, one), fc.tuple(fc.nat(ALL), fc.nat(ALL)))
  .map(([how, [first, second], [some, others]]) => (how < 2 ? first | second : some & others));

/** Steps before anything goes wrong: the 56 of a whole migration, or those about the handover. */
const ahead = fc.tuple(fc.nat(1), fc.nat(56)).map(([how, steps]) => (how === 0 ? steps : 28 + (steps % 18)));

const moves = fc.array(fc.nat(MOVE_NUMBERS - 1), { maxLength: 40, size: 'max' });

/** A run of the model. Small numbers are plain runs, so that what shrinks becomes plain. */
export const scripts: fc.Arbitrary<Script> = fc
  .tuple(setting, ahead, moves, troubles, fc.nat(5))
  .map(([world, steps, then, kinds, lost]) => ({
    setting: world,
    ahead: steps,
    moves: then,
    troubles: kinds,
    lost: lost > 3 ? lost - 3 : 0,
  }));

/** Where to look for a mistake that shows only under certain circumstances. */
export interface Focus {
  /** Steps before anything goes wrong, at least and at most. */
  readonly ahead: readonly [number, number];
  readonly troubles: readonly Trouble[];
}

/** The runs of `scripts` that have just these kinds of trouble, at about this moment. */
export function focused(focus: Focus): fc.Arbitrary<Script> {
  const [min, max] = focus.ahead;
  const kinds = focus.troubles.reduce((bits, kind) => bits | (1 << TROUBLES.indexOf(kind)), 0);
  return fc
    .tuple(setting, fc.integer({ min, max }), moves)
    .map(([world, steps, then]) => ({ setting: world, ahead: steps, moves: then, troubles: kinds, lost: 0 }));
}

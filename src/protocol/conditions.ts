import type { ConditionInput } from '../api/conditions';
import type { Condition, Phase } from '../api/types';

/** What a migration is at, as far as conditions tell of it. */
export interface Progress {
  readonly phase: Phase;
  readonly reason: string;
  readonly message: string;
}

/** The steps in their order, each with the phase in which it is done and what its condition says then. */
const milestones = [
  { type: 'PreflightPassed', during: 'Preflight', done: 'nothing stands against the migration' },
  { type: 'Prepared', during: 'Preparing', done: 'everything that can be done before the freeze is done' },
  { type: 'Checkpointed', during: 'Freezing', done: 'the checkpoint is published and claimed by the target' },
  { type: 'Restored', during: 'Restoring', done: 'the container runs on the target' },
] as const;

const order: readonly Phase[] = ['Pending', 'Preflight', 'Preparing', 'Freezing', 'Restoring', 'Succeeded'];

/**
 * All conditions of a migration.
 *
 * @param before what the object carries now: a milestone that was reached stays reached when it is rolled back later
 * @param details what is to be said of a milestone that is reached, in place of the usual
 */
export function conditionsOf(
  { phase, reason, message }: Progress,
  before: readonly Condition[],
  details: { readonly Restored?: string } = {},
): ConditionInput[] {
  const ended = phase === 'Failed' || phase === 'RolledBack';
  const undone = ended || phase === 'RollingBack';
  const checked = phase === 'Checked';
  const kstatus: ConditionInput[] = [
    // Nothing has moved, so it is never True, and a False would be in progress for ever to kstatus, to which an object
    // without Ready, Reconciling and Stalled is current (docs/api.md).
    ...(checked ? [] : [{ type: 'Ready', status: phase === 'Succeeded' ? 'True' : 'False', reason, message } as const]),
    ...(ended ? [{ type: 'Stalled', status: 'True', reason, message } as const] : []),
    ...(ended || checked || phase === 'Succeeded'
      ? []
      : [{ type: 'Reconciling', status: 'True', reason, message } as const]),
  ];
  let firstOpen = true;
  const reached = order.indexOf(checked ? 'Preparing' : phase);
  const steps = milestones.map(({ type, during, done }): ConditionInput => {
    const old = before.find((condition) => condition.type === type);
    if (!undone && reached > order.indexOf(during)) {
      return {
        type,
        status: 'True',
        reason: type,
        message: (type === 'Restored' ? details.Restored : undefined) ?? done,
      };
    }
    if (old?.status === 'True') return { type, status: 'True', reason: old.reason, message: old.message };
    const failedHere = undone && firstOpen;
    firstOpen = false;
    return failedHere
      ? { type, status: 'False', reason, message }
      : { type, status: 'Unknown', reason: undone || checked ? 'NotReached' : 'Pending', message: 'not reached' };
  });
  return [...kstatus, ...steps];
}

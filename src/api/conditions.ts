import type { Condition } from './types';

/**
 * Types of the conditions on a ContainerMigration.
 *
 * - `Ready` (kstatus): True only when the container runs on the target; absent in the phase Checked, present in all others.
 * - `Reconciling`, `Stalled` (kstatus): abnormal-true, absent when normal. Stalled: it will not get further by itself.
 * - `MemoryComplete`: only where memory is brought in while the container runs already.
 * - the others: Unknown until their step was reached, True when it was done, False when it cannot be.
 */
export type ConditionType =
  'Ready' | 'Reconciling' | 'Stalled' | 'PreflightPassed' | 'Prepared' | 'Checkpointed' | 'Restored' | 'MemoryComplete';

export interface ConditionInput {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/**
 * The conditions to write, given those that were there. `lastTransitionTime` stays where the status stayed
 * (API conventions), and what is not in `wanted` goes.
 */
export function nextConditions(
  before: readonly Condition[],
  wanted: readonly ConditionInput[],
  context: { readonly now: string; readonly generation: number },
): Condition[] {
  return wanted.map((input) => {
    const old = before.find((condition) => condition.type === input.type);
    return {
      ...input,
      observedGeneration: context.generation,
      lastTransitionTime: old?.status === input.status ? old.lastTransitionTime : context.now,
    };
  });
}

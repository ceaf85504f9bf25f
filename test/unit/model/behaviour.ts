import type { ContainerMigration } from '../../../src/api/types';
import { decideController } from '../../../src/protocol/controller/decide';
import type { ControllerObservation, ControllerStep } from '../../../src/protocol/controller/step';
import { decideSource } from '../../../src/protocol/source';
import { statusAfter } from '../../../src/protocol/status';
import { decideTarget } from '../../../src/protocol/target';

/** A mistake in what the actors do, each of which the model must find (broken-variants.test.ts). */
export type Defect =
  | 'claimWithoutPrecondition'
  | 'revokeWithoutPrecondition'
  | 'reportsUnguarded'
  | 'sourceReportsUnguarded'
  | 'noSignOfLife'
  | 'taintIgnored'
  | 'policyLeftOnInFreeze'
  | 'policySetAtCreation'
  | 'markerNotConsumed'
  | 'staleCache'
  | 'dumpAlwaysRedone'
  | 'manifestBeforeFiles'
  | 'claimGivenBackBeforeCleanUp'
  | 'giveBackAlthoughResumed'
  | 'nothingForgotten'
  | 'wakeNotNoted'
  | 'policyForgotten'
  | 'killThaws'
  | 'finalizerForgotten';

/** What the actors decide and do: the real decision functions, unless a test puts a broken one in their place. */
export interface Behaviour {
  readonly decideController: (migration: ContainerMigration, seen: ControllerObservation) => ControllerStep;
  readonly decideSource: typeof decideSource;
  readonly decideTarget: typeof decideTarget;
  readonly statusAfter: typeof statusAfter;
  readonly defect?: Defect;
}

export const REAL: Behaviour = { decideController, decideSource, decideTarget, statusAfter };

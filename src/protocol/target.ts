import { specDigest } from '../api/spec-digest';
import type { ContainerMigration } from '../api/types';
import { isCopy, isFinal } from '../api/types';
import type { TargetBranch } from './branches';
import { claimHolds, isClaimed } from './claim';
import { FENCE_RECHECK_MS, notDueUntil } from './due';
import { MEMORY_RECHECK_MS } from './memory';

/** What the target agent finds on its node. Looked at only when a decision says `Look`. */
export interface TargetView {
  /**
   * The container that this migration created here. `woken` has run on from the checkpoint, whatever became of it since;
   * `stopped` has ended without that being known.
   */
  readonly container: 'none' | 'created' | 'woken' | 'stopped';
  /** Whether this node carries the taint out-of-service. */
  readonly outOfService: boolean;
  /**
   * Of a container that runs before all of its memory is here: `lost` cannot be brought in any more. Undefined where that
   * is not waited for, and of a container that is gone.
   */
  readonly memory?: 'arriving' | 'complete' | 'lost' | undefined;
}

export interface TargetObservation {
  /** Milliseconds since the epoch, the node's clock. */
  readonly nowMs: number;
  /** Undefined as long as nobody looked. */
  readonly view: TargetView | undefined;
}

/** The one next step of the agent on the target node. `because` names the branch that chose it (branches.ts). */
export type TargetStep = { readonly because: TargetBranch } & (
  | { readonly do: 'Wait'; readonly untilMs?: number }
  /** The decision depends on the world: look at it, and decide again. */
  | { readonly do: 'Look' }
  /** Look whether the container can be woken up here. Changes nothing. */
  | { readonly do: 'Preflight' }
  /** Create the container from its description, not started. */
  | { readonly do: 'Prepare' }
  /** Verify the checkpoint, and claim it with the resourceVersion at which it was seen published and not revoked. */
  | { readonly do: 'Claim' }
  /** Wake the container up. Continues where an earlier life stopped; never restores twice. */
  | { readonly do: 'Wake' }
  /** Make sure that nothing runs here and nothing will, and give the claim back. */
  | { readonly do: 'GiveBack' }
  /** All of the container's memory is here: compare it with the manifest. */
  | { readonly do: 'Complete' }
  /** The container has run without all of its memory, and will not get it: end it, keep what is left. */
  | { readonly do: 'Lose' }
  /** The container runs here for good: set its restart policy, take away what only waking it up needed. */
  | { readonly do: 'Settle' }
  /** The checkpoint may not be claimed any more: remove what was made here. */
  | { readonly do: 'Withdraw' }
);

const wait = (because: TargetBranch): TargetStep => ({ do: 'Wait', because });

/** What the target agent does next. Pure; each step can be repeated at any point. */
export function decideTarget(migration: ContainerMigration, seen: TargetObservation): TargetStep {
  const { decision, target } = migration.status;
  if (decision === undefined || isCopy(migration)) return wait('NotAdmitted');
  // Whatever was reported after the fence: since then the source may run the container.
  if (isClaimed(target) && !claimHolds(migration)) return { do: 'Withdraw', because: 'ObeyFence' };
  switch (target?.state) {
    case 'Settled':
    case 'Withdrawn':
      return wait('Finished');
    case 'Restored':
      return target.lazyPages === 'Pending' ? bringIn(seen) : { do: 'Settle', because: 'Settle' };
    case 'Claimed':
      // The commit point is passed: this node alone may run the container, so it goes on whatever the spec says now.
      return wake(migration, seen);
    case 'Failed':
    case 'Pending':
    case 'Preflighted':
    case 'Prepared':
    case undefined:
      break;
  }
  // Also of a step that failed: it may have created the container.
  if (decision.revoked !== undefined) return { do: 'Withdraw', because: 'WithdrawRevoked' };
  if (target?.state === 'Failed') return wait('FailedBefore');
  if (isFinal(migration)) return wait('Ended');
  if (decision.specDigest !== specDigest(migration.spec)) return wait('SpecNotAccepted');
  if (isUnwanted(migration)) return wait('GivingUp');
  const untilMs = notDueUntil(target, seen.nowMs);
  if (untilMs !== undefined) return { do: 'Wait', because: 'BackOff', untilMs };
  return forward(migration, decision.step);
}

/** The container runs, whatever else is wanted by now: it needs its memory. */
function bringIn({ view, nowMs }: TargetObservation): TargetStep {
  if (view === undefined) return { do: 'Look', because: 'LookAtMemory' };
  switch (view.memory) {
    case 'arriving':
      return { do: 'Wait', because: 'AwaitMemory', untilMs: nowMs + MEMORY_RECHECK_MS };
    case 'lost':
      return { do: 'Lose', because: 'LoseMemory' };
    case 'complete':
    case undefined:
      return { do: 'Complete', because: 'CompleteMemory' };
  }
}

const isUnwanted = ({ metadata, spec }: ContainerMigration): boolean =>
  metadata.deletionTimestamp !== undefined || spec.cancel;

function wake(migration: ContainerMigration, seen: TargetObservation): TargetStep {
  if (seen.view === undefined) return { do: 'Look', because: 'LookBeforeWake' };
  const { target } = migration.status;
  if (seen.view.container === 'woken') return { do: 'Wake', because: 'ReportWoken' };
  // Somebody has vouched that nothing runs here: the controller may take the claim away at any moment.
  if (seen.view.outOfService) return { do: 'Wait', because: 'HoldFenced', untilMs: seen.nowMs + FENCE_RECHECK_MS };
  if (target?.retry !== undefined) {
    if (target.retry.failures > migration.spec.backoffLimit) return { do: 'GiveBack', because: 'GiveBackRetries' };
    if (isUnwanted(migration)) return { do: 'GiveBack', because: 'GiveBackUnwanted' };
    const untilMs = notDueUntil(target, seen.nowMs);
    if (untilMs !== undefined) return { do: 'Wait', because: 'BackOffWake', untilMs };
  }
  return { do: 'Wake', because: 'Wake' };
}

function forward({ status }: ContainerMigration, step: 'Preflight' | 'Prepare' | 'Freeze'): TargetStep {
  const from = status.source?.state ?? 'Pending';
  const state = status.target?.state ?? 'Pending';
  switch (step) {
    case 'Preflight':
      if (state !== 'Pending') return wait('PreflightDone');
      return from === 'Preflighted' ? { do: 'Preflight', because: 'Preflight' } : wait('AwaitSourcePreflight');
    case 'Prepare':
      if (state !== 'Preflighted') return wait('PrepareDone');
      return from === 'Prepared' ? { do: 'Prepare', because: 'Prepare' } : wait('AwaitSourcePrepare');
    case 'Freeze':
      if (state !== 'Prepared') return wait('NothingPrepared');
      return from === 'Published' ? { do: 'Claim', because: 'Claim' } : wait('AwaitPublished');
  }
}

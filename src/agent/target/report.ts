import type { ContainerMigration, TargetStatus } from '../../api/types';
import { isConflict } from '../../kube/errors';
import { claimHolds } from '../../protocol/claim';
import type { TargetStep } from '../../protocol/target';
import { decideTarget } from '../../protocol/target';
import type { AgentDeps } from '../ports';

/** A step that changes something. */
export type Work = Exclude<TargetStep, { do: 'Wait' | 'Look' }>;

/**
 * Writes what came of a step, on the object as it was seen; when that changed meanwhile, on what it is now, as long as
 * the same step would be due: the claim for the very checkpoint that was verified, that the container runs here whatever
 * else changed, but not when the claim was taken away by fencing this node.
 */
export async function report(
  migration: ContainerMigration,
  step: Work,
  next: TargetStatus,
  { migrations, clock }: AgentDeps,
  latest = migration,
): Promise<ContainerMigration> {
  const holds = stillDue(migration, step, clock.now());
  for (let known = holds(latest) ? latest : migration; ;) {
    try {
      return await migrations.writeTarget(known, next);
    } catch (error) {
      const now = isConflict(error) ? await migrations.fresh(migration) : undefined;
      if (now === undefined || !holds(now)) throw error;
      known = now;
    }
  }
}

function stillDue(migration: ContainerMigration, step: Work, nowMs: number): (now: ContainerMigration) => boolean {
  switch (step.do) {
    case 'Claim':
      return stillClaimable(migration, nowMs);
    case 'Wake':
    case 'GiveBack':
      return (now) => claimHolds(now) && now.status.target?.state === 'Claimed';
    case 'Complete':
    case 'Lose':
      return (now) => claimHolds(now) && now.status.target?.lazyPages === 'Pending';
    case 'Preflight':
    case 'Prepare':
    case 'Settle':
    case 'Withdraw':
      return (now) => decideTarget(now, { nowMs, view: undefined }).do === step.do;
  }
}

/** Whether what was verified for a claim is still what it would be made for. */
function stillClaimable(seen: ContainerMigration, nowMs: number): (now: ContainerMigration) => boolean {
  const what = ({ status: { decision, source } }: ContainerMigration): string =>
    JSON.stringify([decision?.attempt, source?.containerID, source?.checkpoint]);
  return (now) => decideTarget(now, { nowMs, view: undefined }).do === 'Claim' && what(now) === what(seen);
}

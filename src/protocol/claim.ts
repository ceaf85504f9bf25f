import type { MigrationRequest, TargetStatus } from '../api/types';

/** True once the target has claimed the checkpoint and not given it back (`Failed` says that nothing runs there). */
export function isClaimed(target: TargetStatus | undefined): boolean {
  return target?.state === 'Claimed' || isRestored(target);
}

/** True once the container has run on the target. */
export function isRestored(target: TargetStatus | undefined): target is TargetStatus {
  return target?.state === 'Restored' || target?.state === 'Settled';
}

/**
 * True while only the target may run the container (the commit point of docs/protocol.md). `Failed` after a claim
 * gives it back. A person who fences the target's node takes it away.
 */
export function claimHolds({ status: { decision, target } }: Pick<MigrationRequest, 'status'>): boolean {
  return isClaimed(target) && decision?.revoked?.fenced === undefined;
}

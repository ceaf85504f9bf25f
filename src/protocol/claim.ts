import type { TargetStatus } from '../api/types';

/**
 * True while only the target may run the container (the commit point of docs/protocol.md). `Failed` after a claim
 * gives it back: the target says that nothing runs there and nothing will.
 */
export function claimHolds(target: TargetStatus | undefined): boolean {
  return target?.state === 'Claimed' || target?.state === 'Restored';
}

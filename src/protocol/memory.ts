import type { ConditionInput } from '../api/conditions';
import type { Status, TargetStatus } from '../api/types';

/** How often an agent looks whether the last page is in. */
export const MEMORY_RECHECK_MS = 500;

/** Whether the container ran on without all of its memory and cannot get it any more (docs/adr/0012). */
export function isMemoryLost(target: TargetStatus | undefined): boolean {
  return target?.lazyPages === 'Lost';
}

/** Whether the container needs its checkpoint still, having run on; a node that was fenced will not say when it does not. */
export function isMemoryMissing(target: TargetStatus | undefined): boolean {
  return target?.lazyPages === 'Pending' || isMemoryLost(target);
}

/** The condition of a migration whose memory is brought in while the container runs; none for any other. */
export function memoryConditions({ target, decision }: Status): ConditionInput[] {
  const type = 'MemoryComplete';
  switch (target?.lazyPages) {
    case undefined:
      return [];
    case 'Pending':
      return target.state === 'Restored' && decision?.revoked?.fenced === undefined
        ? [
            {
              type,
              status: 'False',
              reason: 'MemoryArriving',
              message: 'pages are brought in while the container runs',
            },
          ]
        : [{ type, status: 'Unknown', reason: 'Pending', message: 'not reached' }];
    case 'Done':
      return [{ type, status: 'True', reason: 'MemoryComplete', message: 'all memory is there, and as it was dumped' }];
    case 'Lost': {
      const { reason = 'MemoryLost', message = 'its memory was lost' } = target.error ?? {};
      return [{ type, status: 'False', reason, message }];
    }
  }
}

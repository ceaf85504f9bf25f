import type { TargetStatus } from '../../../src/api/types';
import { statusAfter } from '../../../src/protocol/status';
import { decision, migration, STARTED_AT } from '../../lib/migration';

const restore = { processes: 3, threads: 6, found: 3, criu: { restore: '149ms' }, tree: [] };
const CONTINUE = 'found as they were dumped';

/** What the condition Restored says at the end of a migration whose target reports that. */
function said(target: Partial<TargetStatus>): string | undefined {
  const seen = migration({
    decision: decision('Freeze'),
    target: { nodeName: 'node-b', state: 'Settled', ...target },
  });
  const step = {
    do: 'Finish',
    because: 'FinishMigrated',
    phase: 'Succeeded',
    reason: 'Migrated',
    message: 'moved',
  } as const;
  return statusAfter(seen, step, STARTED_AT).conditions?.find(({ type }) => type === 'Restored')?.message;
}

test.each<[string, Partial<TargetStatus>]>([
  [
    `the container runs on the target: CRIU woke up 3 processes with 6 threads in 149ms, 3 of them ${CONTINUE}`,
    { restore },
  ],
  [
    `the container runs on the target: CRIU woke up 1 process with 1 thread, 1 of them ${CONTINUE}`,
    { restore: { processes: 1, threads: 1, found: 1, tree: [] } },
  ],
  [
    'the container runs on the target: CRIU woke up 3 processes with 6 threads in 149ms, which had ended when they were looked at',
    { restore: { ...restore, found: 0 } },
  ],
  ['the container runs on the target', {}],
])('the condition Restored says: %s', (message, target) => {
  expect(said(target)).toBe(message);
});

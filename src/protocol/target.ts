import { specDigest } from '../api/spec-digest';
import type { ContainerMigration } from '../api/types';
import { isFinal } from '../api/types';

/** The one next step of the agent on the target node. `why` is for the log of a step that is not taken. */
export type TargetStep =
  | { readonly do: 'Wait'; readonly why: string }
  /** Look whether the container can be woken up here. Changes nothing. */
  | { readonly do: 'Preflight' }
  /** Create the container from its description, not started. */
  | { readonly do: 'Prepare' }
  /** Verify the checkpoint, and claim it with the resourceVersion at which it was seen published and not revoked. */
  | { readonly do: 'Claim' }
  /** Wake the container up. Continues where an earlier life stopped; never restores twice. */
  | { readonly do: 'Wake' }
  /** The container runs here: take away what only waking it up needed. */
  | { readonly do: 'CleanUp' }
  /** The checkpoint may not be claimed any more: remove what was made here. */
  | { readonly do: 'Withdraw' };

const wait = (why: string): TargetStep => ({ do: 'Wait', why });

/** What the target agent does next. Pure; every step looks at the world itself and can be repeated at any point. */
export function decideTarget(migration: ContainerMigration): TargetStep {
  const { decision, source, target } = migration.status;
  if (decision === undefined) return wait('not accepted by the controller yet');
  switch (target?.state) {
    case 'Restored':
      // Also when all has ended: an agent that died right after it reported left its markers.
      return { do: 'CleanUp' };
    case 'Withdrawn':
      return wait('finished');
    case 'Failed':
      // Before the claim it may have failed with a container already created.
      return decision.revoked === undefined ? wait('failed; the controller decides') : { do: 'Withdraw' };
    case 'Claimed':
      // The commit point is passed: this node alone may run the container, so it goes on whatever the spec says now.
      return { do: 'Wake' };
    case 'Preflighted':
    case 'Prepared':
    case undefined:
      break;
  }

  if (decision.revoked !== undefined) return { do: 'Withdraw' };
  if (isFinal(migration)) return wait('the migration has ended');
  if (decision.specDigest !== specDigest(migration.spec)) return wait('the spec is not the accepted one');

  switch (decision.step) {
    case 'Preflight':
      if (target !== undefined) return wait('preflight done');
      return source?.state === 'Preflighted' ? { do: 'Preflight' } : wait('the source has not looked yet');
    case 'Prepare':
      if (target?.state !== 'Preflighted') return wait('prepared');
      return source?.state === 'Prepared' ? { do: 'Prepare' } : wait('the source has not described the container yet');
    case 'Freeze':
      if (target?.state !== 'Prepared') return wait('nothing was prepared');
      return source?.state === 'Published' ? { do: 'Claim' } : wait('the checkpoint is not published yet');
  }
}

import { specDigest } from '../api/spec-digest';
import type { ContainerMigration } from '../api/types';
import { isFinal } from '../api/types';
import { claimHolds } from './claim';

/** The one next step of the agent on the source node. `why` is for the log of a step that is not taken. */
export type SourceStep =
  | { readonly do: 'Wait'; readonly why: string }
  /** Look whether the container can be frozen here. Changes nothing. */
  | { readonly do: 'Preflight' }
  /** Reserve the container, publish its description, note its restart policy. It still runs. */
  | { readonly do: 'Prepare' }
  /** Switch the restart policy off, pause, dump, publish the manifest. Continues where an earlier life stopped. */
  | { readonly do: 'Freeze' }
  /** The container runs on the target: kill the paused original. */
  | { readonly do: 'Release' }
  /** Wake the original up as if nothing had happened. */
  | { readonly do: 'RollBack' };

const wait = (why: string): SourceStep => ({ do: 'Wait', why });

/**
 * What the source agent does next. Pure; the world (is the container paused? is there a manifest?) is looked at by
 * the steps themselves, each of which can be repeated at any point.
 */
export function decideSource(migration: ContainerMigration): SourceStep {
  const { decision, source, target } = migration.status;
  if (decision === undefined) return wait('not accepted by the controller yet');
  if (source?.state === 'Released' || source?.state === 'RolledBack') return wait('finished');

  // After the claim only the target decides what becomes of the container, whatever the controller says.
  if (target?.state === 'Restored') return { do: 'Release' };
  if (claimHolds(target)) return wait('the target has claimed the checkpoint');

  if (decision.revoked !== undefined) return { do: 'RollBack' };
  if (isFinal(migration)) return wait('the migration has ended');
  if (source?.state === 'Failed') return wait('failed; the controller decides');
  // An API server without CEL lets the spec change. The controller revokes; until then nothing is done for it.
  if (decision.specDigest !== specDigest(migration.spec)) return wait('the spec is not the accepted one');

  switch (decision.step) {
    case 'Preflight':
      return source === undefined ? { do: 'Preflight' } : wait('preflight done');
    case 'Prepare':
      return source?.state === 'Preflighted' ? { do: 'Prepare' } : wait('prepared');
    case 'Freeze':
      return source?.state === 'Prepared' ? { do: 'Freeze' } : wait('the checkpoint is published');
  }
}

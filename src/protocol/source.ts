import { specDigest } from '../api/spec-digest';
import type { ContainerMigration } from '../api/types';
import { isCopy, isFinal } from '../api/types';
import type { SourceBranch } from './branches';
import { claimHolds, isRestored } from './claim';
import { FENCE_RECHECK_MS, notDueUntil } from './due';
import { isMemoryMissing } from './memory';

/** What the source agent finds on its node. Looked at only when a decision says `Look`. */
export interface SourceView {
  /**
   * The container that the preflight found. `paused` also when it is frozen without Docker knowing; `stopped` when it
   * exists and has no process; `gone` when Docker knows it no more.
   */
  readonly original: 'running' | 'paused' | 'stopped' | 'gone';
  /**
   * How far an earlier life of the agent got, by its journal: `untouched` holds no reservation for this migration,
   * `reserved` does, `frozen` was about to pause the container, `dumped` has a good dump, which may not be published.
   */
  readonly journal: 'untouched' | 'reserved' | 'frozen' | 'dumped';
  /** Whether this migration's checkpoint of this very container lies on the volume, complete as the object tells. */
  readonly checkpoint: 'none' | 'published';
  /** The container that was made in the original's place from its own checkpoint. */
  readonly replacement: 'none' | 'created' | 'running';
  /** Whether this node carries the taint out-of-service. */
  readonly outOfService: boolean;
}

export interface SourceObservation {
  /** Milliseconds since the epoch, the node's clock. */
  readonly nowMs: number;
  /** Undefined as long as nobody looked. */
  readonly view: SourceView | undefined;
}

/** The one next step of the agent on the source node. `because` names the branch that chose it (branches.ts). */
export type SourceStep = { readonly because: SourceBranch } & (
  | { readonly do: 'Wait'; readonly untilMs?: number }
  /** The decision depends on the world: look at it, and decide again. */
  | { readonly do: 'Look' }
  /** Look whether the container can be frozen here. Changes nothing. */
  | { readonly do: 'Preflight' }
  /** Reserve the container, publish its description, note its restart policy. It still runs. */
  | { readonly do: 'Prepare' }
  /** Switch the restart policy off, pause, dump, publish the manifest. Continues where an earlier life stopped. */
  | { readonly do: 'Freeze' }
  /** Report the checkpoint that an earlier life published. */
  | { readonly do: 'Adopt' }
  /** Nothing can be frozen: report why. */
  | { readonly do: 'Fail'; readonly reason: 'ContainerNotRunning' | 'SourceLost' }
  /** The container runs on the target: kill and remove the frozen original, if it is there. */
  | { readonly do: 'Release' }
  /** The container runs here, or will as soon as it is unpaused: make it as it was. */
  | { readonly do: 'Wake' }
  /** Nothing was touched: say that it is rolled back. */
  | { readonly do: 'Undo' }
  /** The original is dead and its checkpoint is good: wake a container up from it in the original's place. */
  | { readonly do: 'Restore' }
  /** The original is dead and there is no checkpoint: say so. */
  | { readonly do: 'ReportLost' }
);

const wait = (because: SourceBranch): SourceStep => ({ do: 'Wait', because });

/** What the source agent does next. Pure; each step can be repeated at any point. */
export function decideSource(migration: ContainerMigration, seen: SourceObservation): SourceStep {
  const { decision, source, target } = migration.status;
  if (decision === undefined || isCopy(migration)) return wait('NotAdmitted');
  if (source?.state === 'Released' || source?.state === 'RolledBack') return wait('Finished');

  // After the claim only the target decides what becomes of the container, whatever the controller says.
  if (claimHolds(migration)) {
    if (!isRestored(target)) return wait('TargetHasClaim');
    const isGivenUp = decision.memoryLost === true || isFinal(migration);
    if (target.lazyPages === 'Pending' && !isGivenUp) return wait('AwaitMemory');
    return release(seen.view, isMemoryMissing(target));
  }
  // Also one that ended without this node, which was fenced: the object has said that the container is lost, and its
  // owner may have brought it back elsewhere (I6).
  if (isFinal(migration)) return wait('Ended');
  if (decision.revoked !== undefined) return rollBack(migration, seen);

  if (source?.state === 'Failed') return wait('FailedBefore');
  // An API server without CEL lets the spec change. The controller revokes; until then nothing is done for it.
  if (decision.specDigest !== specDigest(migration.spec)) return wait('SpecNotAccepted');
  if (migration.metadata.deletionTimestamp !== undefined || migration.spec.cancel) return wait('GivingUp');
  const untilMs = notDueUntil(source, seen.nowMs);
  if (untilMs !== undefined) return { do: 'Wait', because: 'BackOff', untilMs };

  const state = source?.state ?? 'Pending';
  switch (decision.step) {
    case 'Preflight':
      return state === 'Pending' ? { do: 'Preflight', because: 'Preflight' } : wait('PreflightDone');
    case 'Prepare':
      return state === 'Preflighted' ? { do: 'Prepare', because: 'Prepare' } : wait('PrepareDone');
    case 'Freeze':
      return state === 'Prepared' ? freeze(seen) : wait('PublishDone');
  }
}

function release(view: SourceView | undefined, isKept: boolean): SourceStep {
  if (view === undefined) return { do: 'Look', because: 'LookBeforeRelease' };
  if (isKept) return { do: 'Release', because: 'EndOriginal' };
  return { do: 'Release', because: view.original === 'gone' ? 'ReleaseNothing' : 'ReleaseOriginal' };
}

/** The controller may end the migration on the fence: nothing is begun that would then never be undone. */
const holdFenced = ({ nowMs }: SourceObservation): SourceStep => ({
  do: 'Wait',
  because: 'HoldFenced',
  untilMs: nowMs + FENCE_RECHECK_MS,
});

function freeze(seen: SourceObservation): SourceStep {
  const { view } = seen;
  if (view === undefined) return { do: 'Look', because: 'LookBeforeFreeze' };
  if (view.outOfService) return holdFenced(seen);
  const { original, journal, checkpoint } = view;
  if (original === 'running') return { do: 'Freeze', because: 'Freeze' };
  const frozenByUs = journal === 'frozen' || journal === 'dumped';
  // A dump is good as long as the original has not run since: it is frozen still, or it died frozen.
  if (frozenByUs && checkpoint === 'published') return { do: 'Adopt', because: 'AdoptCheckpoint' };
  if (frozenByUs && original === 'paused') return { do: 'Freeze', because: 'ContinueFreeze' };
  if (journal === 'dumped' && original === 'stopped') return { do: 'Freeze', because: 'PublishDead' };
  // Frozen by us, and dead since: nothing of it is left. Otherwise it is its owner's doing.
  const lost = original === 'gone' || frozenByUs;
  return { do: 'Fail', because: 'ReportNotRunning', reason: lost ? 'SourceLost' : 'ContainerNotRunning' };
}

function rollBack({ status }: ContainerMigration, seen: SourceObservation): SourceStep {
  const { view } = seen;
  if (view === undefined) return { do: 'Look', because: 'LookBeforeRollBack' };
  if (view.outOfService) return holdFenced(seen);
  // The restart policy stands in the object from before it is switched off; the journal does not survive a reboot.
  if (view.journal === 'untouched' && status.source?.restartPolicy === undefined) {
    return { do: 'Undo', because: 'UndoNothing' };
  }
  if (view.replacement === 'running') return { do: 'Restore', because: 'KeepReplacement' };
  switch (view.original) {
    case 'paused':
      return { do: 'Wake', because: 'WakeOriginal' };
    case 'running':
      return { do: 'Wake', because: 'KeepOriginal' };
    case 'stopped':
      return view.checkpoint === 'published' || view.journal === 'dumped'
        ? { do: 'Restore', because: 'RestoreOriginal' }
        : { do: 'ReportLost', because: 'ReportLost' };
    case 'gone':
      // The original is only removed once its replacement runs, or by its owner, who wants it gone.
      return { do: 'ReportLost', because: 'ReportLost' };
  }
}

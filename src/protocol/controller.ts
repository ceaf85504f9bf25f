import { specDigest } from '../api/spec-digest';
import type { ActorError, Check, ContainerMigration } from '../api/types';
import { isFinal } from '../api/types';
import { ruleBroken } from '../api/validate';
import { claimHolds } from './claim';

/** What the controller sees besides the object. */
export interface ControllerObservation {
  /** Milliseconds since the epoch, the controller's clock. */
  readonly nowMs: number;
  /** Nodes that exist, by name. */
  readonly nodeExists: (name: string) => boolean;
  /** Whether the node's agent renewed its lease lately. */
  readonly agentAlive: (name: string) => boolean;
}

/** The one next step of the controller. */
export type ControllerStep =
  /** Nothing to decide now; look again at `untilMs` at the latest. `waitsFor` is shown to people. */
  | { readonly do: 'Wait'; readonly waitsFor: string; readonly untilMs: number }
  /** The migration has ended and nothing is left to do. */
  | { readonly do: 'Rest' }
  /** The spec was changed after the end. That has no effect; the status says that it was seen (kstatus waits for it). */
  | { readonly do: 'Acknowledge' }
  /** Hold the object by a finalizer, accept its spec and let the agents look. */
  | { readonly do: 'Admit' }
  /** End it; nothing was touched. */
  | { readonly do: 'Refuse'; readonly reason: string; readonly message: string }
  /** Let the agents go one step further. */
  | { readonly do: 'Advance'; readonly to: 'Prepare' | 'Freeze' }
  /** Forbid the claim, so that the source may wake its container up. Written with the resourceVersion of the object seen. */
  | { readonly do: 'Revoke'; readonly reason: string; readonly message: string }
  | {
      readonly do: 'Finish';
      readonly phase: 'Succeeded' | 'RolledBack' | 'Failed';
      readonly reason: string;
      readonly message: string;
    }
  /** The object is being deleted and no container depends on it any more. */
  | { readonly do: 'LetGo' };

/** What the controller does next. Pure: the same object and observation always give the same step. */
export function decideController(migration: ContainerMigration, seen: ControllerObservation): ControllerStep {
  const deleted = migration.metadata.deletionTimestamp !== undefined;
  const { decision } = migration.status;
  if (isFinal(migration)) {
    if (deleted) return { do: 'LetGo' };
    return migration.status.observedGeneration === migration.metadata.generation
      ? { do: 'Rest' }
      : { do: 'Acknowledge' };
  }
  if (decision === undefined) return deleted ? { do: 'LetGo' } : admit(migration, seen);
  return decided(migration, seen, deleted);
}

function admit(migration: ContainerMigration, seen: ControllerObservation): ControllerStep {
  const broken = ruleBroken(migration.spec);
  if (broken !== undefined) return { do: 'Refuse', ...broken };
  const roles = [
    ['source', migration.spec.source.nodeName],
    ['target', migration.spec.target.nodeName],
  ] as const;
  for (const [role, node] of roles) {
    if (!seen.nodeExists(node)) {
      return {
        do: 'Refuse',
        reason: 'NodeNotFound',
        message: `there is no node ${node} (spec.${role}.nodeName); \`kubectl get nodes\` lists those that exist`,
      };
    }
    if (!seen.agentAlive(node)) {
      return {
        do: 'Refuse',
        reason: 'NodeWithoutAgent',
        message:
          `no Transship agent reports from node ${node} (spec.${role}.nodeName); see that the DaemonSet ` +
          `transship-agent runs there, and look at its logs`,
      };
    }
  }
  return { do: 'Admit' };
}

function decided(migration: ContainerMigration, seen: ControllerObservation, deleted: boolean): ControllerStep {
  const { decision, source, target, startedAt } = migration.status;
  const untilMs =
    Date.parse(startedAt ?? migration.metadata.creationTimestamp) + migration.spec.activeDeadlineSeconds * 1000;

  if (target?.state === 'Restored') {
    if (source?.state !== 'Released')
      return waitFor(`${migration.spec.source.nodeName} to remove the paused original`, seen, source?.error);
    return {
      do: 'Finish',
      phase: 'Succeeded',
      reason: 'Migrated',
      message: `the container runs on ${migration.spec.target.nodeName}`,
    };
  }
  if (claimHolds(target))
    return waitFor(`${migration.spec.target.nodeName} to wake the container up`, seen, target?.error);
  if (decision?.revoked !== undefined) return settleRollback(migration, decision.revoked, seen);

  // Nothing was touched before the step Prepare was granted: then the end needs no rollback.
  const giveUp = (reason: string, message: string): ControllerStep =>
    decision?.step === 'Preflight' ? { do: 'Refuse', reason, message } : { do: 'Revoke', reason, message };

  const failed = source?.state === 'Failed' ? source : target?.state === 'Failed' ? target : undefined;
  if (failed !== undefined) {
    return giveUp(
      failed.error?.reason ?? 'AgentFailed',
      `${failed.nodeName}: ${failed.error?.message ?? 'no reason given'}`,
    );
  }
  if (deleted) return giveUp('Deleted', 'the object was deleted before the target had claimed the checkpoint');
  if (decision?.specDigest !== specDigest(migration.spec)) {
    return giveUp(
      'SpecChanged',
      'the spec was changed after the migration had begun; it cannot be changed, create a new ContainerMigration instead',
    );
  }
  const gone = [migration.spec.source.nodeName, migration.spec.target.nodeName].find((node) => !seen.agentAlive(node));
  if (gone !== undefined && isBeforeFreeze(migration) && seen.nowMs < untilMs) {
    return {
      do: 'Wait',
      waitsFor: `the agent of ${gone}, which has stopped reporting`,
      untilMs: Math.min(untilMs, seen.nowMs + 10_000),
    };
  }
  if (decision.step === 'Freeze' && gone === migration.spec.target.nodeName) {
    return giveUp('NodeWithoutAgent', `the agent of ${gone} stopped reporting before it had claimed the checkpoint`);
  }
  const waitsFor = awaited(migration) ?? (gone === undefined ? undefined : `the agent of ${gone}`);
  if (waitsFor !== undefined && seen.nowMs >= untilMs) {
    return giveUp(
      'DeadlineExceeded',
      `spec.activeDeadlineSeconds (${migration.spec.activeDeadlineSeconds}) passed while waiting for ${waitsFor}`,
    );
  }
  if (waitsFor !== undefined) return { do: 'Wait', waitsFor, untilMs };
  return decision.step === 'Preflight' ? afterPreflight(migration) : { do: 'Advance', to: 'Freeze' };
}

/** Both are prepared, and the next step would freeze the container: not for a node that does not answer. */
function isBeforeFreeze({ status: { decision, source, target } }: ContainerMigration): boolean {
  return decision?.step === 'Prepare' && source?.state === 'Prepared' && target?.state === 'Prepared';
}

/** What the agents still owe for the step they were granted; undefined when the controller may go on. */
function awaited(migration: ContainerMigration): string | undefined {
  const { decision, source, target } = migration.status;
  const { source: from, target: to } = migration.spec;
  switch (decision?.step) {
    case 'Preflight':
      if (source === undefined) return `${from.nodeName} to look at the container`;
      // A source that refuses ends it: the target need not look.
      return target === undefined && !source.checks?.some(isBlocking)
        ? `${to.nodeName} to look whether it can take the container`
        : undefined;
    case 'Prepare':
      if (source?.state !== 'Prepared') return `${from.nodeName} to describe the container`;
      return target?.state !== 'Prepared' ? `${to.nodeName} to create the container` : undefined;
    case 'Freeze':
      // One text for both, so that the controller writes nothing between publishing and claiming: its write would
      // change the resourceVersion that the claim depends on, inside the downtime.
      return `${from.nodeName} to freeze the container and ${to.nodeName} to claim it`;
    case undefined:
      return undefined;
  }
}

const isBlocking = (check: Check): boolean => check.blocking;

function afterPreflight(migration: ContainerMigration): ControllerStep {
  const { source, target } = migration.status;
  const blocking = [
    ...(source?.checks ?? []).map((check) => ({ ...check, node: source?.nodeName ?? '' })),
    ...(target?.checks ?? []).map((check) => ({ ...check, node: target?.nodeName ?? '' })),
  ].filter(isBlocking);
  const [first] = blocking;
  if (first === undefined) return { do: 'Advance', to: 'Prepare' };
  return {
    do: 'Refuse',
    reason: first.reason,
    message: blocking.map((check) => `${check.node}: ${check.message}`).join('; '),
  };
}

function settleRollback(
  migration: ContainerMigration,
  revoked: { readonly reason: string; readonly message: string },
  seen: ControllerObservation,
): ControllerStep {
  const { source, target } = migration.status;
  const { nodeName } = migration.spec.source;
  if (source?.state !== 'RolledBack') return waitFor(`${nodeName} to wake the original up`, seen, source?.error);
  const targetIsClean = target === undefined || target.state === 'Withdrawn';
  // A target that is gone cannot have claimed, and cannot claim any more: its leftovers do not hold the object up.
  if (!targetIsClean && seen.agentAlive(target.nodeName))
    return waitFor(`${target.nodeName} to remove what it had prepared`, seen);
  if (source.error?.reason === 'SourceLost') return { do: 'Finish', phase: 'Failed', ...source.error };
  return {
    do: 'Finish',
    phase: 'RolledBack',
    reason: revoked.reason,
    message: `the container runs on ${nodeName} as before; ${revoked.message}`,
  };
}

/** The agents report by events; the look after half a minute is for a report that never comes. */
function waitFor(who: string, seen: ControllerObservation, error?: ActorError): ControllerStep {
  const waitsFor = error === undefined ? who : `${who}, which failed last time and is tried again: ${error.message}`;
  return { do: 'Wait', waitsFor, untilMs: seen.nowMs + 30_000 };
}

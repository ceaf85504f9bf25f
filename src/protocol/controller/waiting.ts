import type { ActorError, ContainerMigration, MigrationRequest, Phase, Progress, Retry } from '../../api/types';
import type { ControllerBranch } from '../branches';
import type { Place } from './line';
import { turnOf } from './line';
import type { ControllerObservation, ControllerStep, NodeView } from './step';

/** Agents report by events; this is for a report that never comes, and for nodes, whose changes are not watched. */
export const RECHECK_MS = 10_000;

/**
 * When the controller first saw the object, ms since the epoch; now, when it sees it for the first time. The object's
 * creation is dated by another clock, and may be long past when no controller ran.
 */
export function startOf({ status }: MigrationRequest, seen: ControllerObservation): number {
  return status.startedAt === undefined ? seen.nowMs : Date.parse(status.startedAt);
}

/** When the time of a migration began to count, ms since the epoch: what it waited for its turn to begin does not. */
export function admittedOf(migration: ContainerMigration, seen: ControllerObservation): number {
  const isAdmitted = migration.status.phaseTransitions?.some(({ phase }) => phase === 'Preflight') === true;
  return isAdmitted ? beginOf(migration, 'Preflight', seen) : startOf(migration, seen);
}

/** For how long it has waited for its turn to be frozen, in ms: no deadline runs meanwhile. */
export function queuedMs({ status: { queue } }: ContainerMigration, seen: ControllerObservation): number {
  if (queue?.gate !== 'Freeze') return 0;
  const untilMs = queue.until === undefined ? seen.nowMs : Date.parse(queue.until);
  return Math.max(0, untilMs - Date.parse(queue.since));
}

/** When the phase began, ms since the epoch; now, when it is only noted after this decision. */
export function beginOf({ status }: MigrationRequest, phase: Phase, seen: ControllerObservation): number {
  const entry = status.phaseTransitions?.find((transition) => transition.phase === phase);
  return entry === undefined ? seen.nowMs : Date.parse(entry.at);
}

/** A wait that only the end of something outside can end. */
export function waitFor(
  because: ControllerBranch,
  waitsFor: string,
  seen: ControllerObservation,
  reason?: string,
): ControllerStep {
  const untilMs = seen.nowMs + RECHECK_MS;
  return { do: 'Wait', because, waitsFor, untilMs, ...(reason === undefined ? {} : { reason }) };
}

/** A wait for others that come first; whoever makes room for it has it looked at again at once. */
export function waitForTurn(because: ControllerBranch, place: Place, seen: ControllerObservation): ControllerStep {
  const untilMs = seen.nowMs + RECHECK_MS;
  return { do: 'Wait', because, waitsFor: turnOf(place), untilMs, reason: 'Queued', place };
}

interface Failing {
  readonly error?: ActorError;
  readonly retry?: Retry;
}

/** What an agent said of its last failure, to be added to what is waited for. */
export function lastFailure(agent: Failing | undefined): string {
  if (agent?.error === undefined || agent.retry === undefined) return lastError(agent);
  const times = agent.retry.failures === 1 ? 'once' : `${agent.retry.failures} times`;
  return `, which failed ${times} and is tried again: ${agent.error.message}`;
}

const MEBIBYTE = 2 ** 20;

/** How far an agent says it is with a step that takes long, to be added to what is waited for. */
export function progressOf(agent: { readonly progress?: Progress } | undefined): string {
  if (agent?.progress === undefined) return '';
  const { doing, bytes, files } = agent.progress;
  return ` (${doing}: ${Math.round(bytes / MEBIBYTE)} MiB in ${files} ${files === 1 ? 'file' : 'files'} so far)`;
}

/** The same where the error may be that of the step before: the one that is being undone. */
export function lastError(agent: Failing | undefined): string {
  return agent?.error === undefined ? '' : `; the last error there: ${agent.error.message}`;
}

/** How somebody can vouch that a node runs nothing any more. A Node object that was deleted vouches for nothing. */
export function howToFence(node: string, { exists }: NodeView): string {
  return (
    `bring the node back, or make sure that it is off and say so with ` +
    `\`kubectl taint node ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute\`` +
    (exists ? '' : `, for which there must be a Node object of that name again`)
  );
}

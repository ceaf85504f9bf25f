import { nextConditions } from '../api/conditions';
import { specDigest } from '../api/spec-digest';
import type { MigrationRequest, Decision, Phase, Status } from '../api/types';
import type { Progress } from './conditions';
import { conditionsOf } from './conditions';
import { claimHolds } from './claim';
import type { ControllerStep } from './controller/step';
import { estimateOf } from './estimate';
import { downtimeOf, timingsOf } from './measurements';
import { memoryConditions } from './memory';
import { restoredDetails } from './restored';

/** The fields of status that the controller owns, and no other (one field manager per actor). */
export type ControllerStatus = Omit<Status, 'source' | 'target'>;

/** Steps that change the status; the others leave it as it is or concern the metadata only. */
export type StatusStep = Exclude<ControllerStep, { do: 'Rest' | 'LetGo' | 'Acknowledge' | 'PickTarget' }>;

/**
 * The whole status as the controller writes it after a step. Pure.
 *
 * @param at RFC 3339, the controller's clock
 */
export function statusAfter(migration: MigrationRequest, step: StatusStep, at: string): ControllerStatus {
  const { status, metadata, spec } = migration;
  const decision = decisionAfter(migration, step, at);
  const progress = progressAfter(migration, step, decision);
  const final = step.do === 'Finish' || step.do === 'Refuse';
  const startedAt = status.startedAt ?? at;
  const transitions = status.phaseTransitions ?? [];
  const phaseTransitions =
    transitions.at(-1)?.phase === progress.phase ? transitions : [...transitions, { phase: progress.phase, at }];
  const finishedAt = final ? at : undefined;
  const measured: MigrationRequest = { ...migration, spec, status: { ...status, startedAt, phaseTransitions } };
  const downtime = downtimeOf(measured);
  return {
    observedGeneration: metadata.generation,
    phase: progress.phase,
    reason: progress.reason,
    message: progress.message,
    startedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    conditions: nextConditions(
      status.conditions ?? [],
      [...conditionsOf(progress, status.conditions ?? [], restoredDetails(status)), ...memoryConditions(status)],
      { now: at, generation: metadata.generation },
    ),
    phaseTransitions,
    ...(decision === undefined ? {} : { decision }),
    ...queueAfter(status.queue, step, at),
    ...(status.source?.checkpoint === undefined ? {} : { checkpoint: status.source.checkpoint }),
    ...estimateOf(status),
    timings: timingsOf(measured, finishedAt),
    ...(downtime === undefined ? {} : { downtime }),
  };
}

/** Where it stands, since when, and until when it stood there. */
function queueAfter(before: Status['queue'], step: StatusStep, at: string): Pick<Status, 'queue'> {
  if (step.do === 'Wait' && step.place !== undefined) {
    const { gate, ahead } = step.place;
    const isSame = before?.gate === gate && before.until === undefined;
    return { queue: { gate, ahead, since: isSame ? before.since : at } };
  }
  if (before === undefined) return {};
  return { queue: { gate: before.gate, since: before.since, until: before.until ?? at } };
}

/** The status of a finished migration, said to be that of the spec as it is now. */
export function acknowledged({ status, metadata }: MigrationRequest): ControllerStatus {
  const ours: Status = { ...status };
  delete ours.source;
  delete ours.target;
  const observedGeneration = metadata.generation;
  return {
    ...ours,
    observedGeneration,
    conditions: (status.conditions ?? []).map((condition) => ({ ...condition, observedGeneration })),
  };
}

function decisionAfter(
  { status, spec, metadata }: MigrationRequest,
  step: StatusStep,
  at: string,
): Decision | undefined {
  switch (step.do) {
    case 'Admit':
      return { step: 'Preflight', attempt: 1, migrationUID: metadata.uid, specDigest: specDigest(spec) };
    case 'Advance': {
      const driver = step.to === 'Prepare' ? { driver: step.driver } : {};
      return status.decision && { ...status.decision, step: step.to, ...driver };
    }
    case 'Revoke': {
      const { reason, message, fenced } = step;
      const revoked = { reason, message, at, ...(fenced === undefined ? {} : { fenced }) };
      return status.decision && { ...status.decision, revoked };
    }
    case 'Wait':
      return step.memoryLost === true && status.decision !== undefined
        ? { ...status.decision, memoryLost: true }
        : status.decision;
    case 'Refuse':
    case 'Finish':
      return status.decision;
  }
}

function progressAfter(migration: MigrationRequest, step: StatusStep, decision: Decision | undefined): Progress {
  switch (step.do) {
    case 'Refuse':
      return { phase: 'Failed', reason: step.reason, message: step.message };
    case 'Finish':
      return step;
    case 'Revoke':
      return { phase: 'RollingBack', reason: step.reason, message: `waiting for the source; ${step.message}` };
    case 'Wait': {
      const phase = phaseOf(migration);
      const reason = step.reason ?? (phase === 'RollingBack' ? (decision?.revoked?.reason ?? phase) : phase);
      return { phase, reason, message: `waiting for ${step.waitsFor}` };
    }
    case 'Admit':
      return { phase: 'Preflight', reason: 'Preflight', message: 'both nodes look whether the container can move' };
    case 'Advance': {
      const phase = step.to === 'Prepare' ? 'Preparing' : 'Freezing';
      const message = step.to === 'Prepare' ? 'preparing while the container still runs' : 'freezing the container';
      return { phase, reason: phase, message };
    }
  }
}

/** The phase while something is waited for, from what was decided and what the agents report. */
function phaseOf(migration: MigrationRequest): Phase {
  const { decision } = migration.status;
  if (claimHolds(migration)) return 'Restoring';
  if (decision?.revoked !== undefined) return 'RollingBack';
  switch (decision?.step) {
    case 'Preflight':
      return 'Preflight';
    case 'Prepare':
      return 'Preparing';
    case 'Freeze':
      return 'Freezing';
    case undefined:
      return 'Pending';
  }
}

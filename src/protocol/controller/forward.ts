import { specDigest } from '../../api/spec-digest';
import type { Check, ContainerMigration, Decision } from '../../api/types';
import type { ControllerBranch } from '../branches';
import { chooseDriver, whyNoDriver } from '../driver-choice';
import { admittedOf, beginOf, lastFailure, progressOf, queuedMs, RECHECK_MS, waitFor, waitForTurn } from './waiting';
import type { ControllerObservation, ControllerStep } from './step';

/** Before the claim: the controller may grant the next step, or give up at any moment. */
export function forward(
  migration: ContainerMigration,
  decision: Decision,
  seen: ControllerObservation,
): ControllerStep {
  const obstacle = reasonToGiveUp(migration, decision, seen);
  if (obstacle !== undefined) return giveUp(decision, obstacle);
  const awaited = awaitedFor(migration, decision);
  if (awaited !== undefined) return awaitStep(migration, decision, awaited, seen);
  if (decision.step === 'Preflight') return afterPreflight(migration);
  // The next step freezes the container: not for a node that does not answer.
  for (const role of ['source', 'target'] as const) {
    if (seen[role].agentAlive) continue;
    const waitsFor = `the agent of ${migration.spec[role].nodeName}, which has stopped reporting`;
    return inTime(migration, decision, waitsFor, seen) ?? waitFor('HoldFreeze', waitsFor, seen, 'NodeWithoutAgent');
  }
  if (seen.place === undefined) return { do: 'Advance', because: 'AdvanceToFreeze', to: 'Freeze' };
  // No deadline runs: the agents are ready, and those that come before it have deadlines of their own.
  return waitForTurn('AwaitFreezeTurn', seen.place, seen);
}

interface Obstacle {
  readonly because: ControllerBranch;
  readonly reason: string;
  readonly message: string;
}

/** Nothing was touched before the step Prepare was granted: then the end needs no rollback. */
function giveUp({ step }: Decision, obstacle: Obstacle): ControllerStep {
  return { do: step === 'Preflight' ? 'Refuse' : 'Revoke', ...obstacle };
}

function reasonToGiveUp(
  migration: ContainerMigration,
  decision: Decision,
  seen: ControllerObservation,
): Obstacle | undefined {
  const { spec, status, metadata } = migration;
  const { source, target } = status;
  for (const agent of [source, target]) {
    if (agent === undefined) continue;
    const { reason, message } = agent.error ?? { reason: 'AgentFailed', message: 'no reason given' };
    const told = `${agent.nodeName}: ${message}`;
    if (agent.state === 'Failed') return { because: 'GiveUpFailed', reason, message: told };
    if (agent.retry !== undefined && agent.retry.failures > spec.backoffLimit) {
      const tries = `given up after ${agent.retry.failures} tries (spec.backoffLimit is ${spec.backoffLimit}): ${told}`;
      return { because: 'GiveUpRetries', reason, message: tries };
    }
  }
  if (metadata.deletionTimestamp !== undefined) {
    const message = 'the object was deleted before the target had claimed the checkpoint';
    return { because: 'GiveUpDeleted', reason: 'Deleted', message };
  }
  if (spec.cancel) {
    const message = 'it was cancelled (spec.cancel) before the target had claimed the checkpoint';
    return { because: 'GiveUpCancelled', reason: 'Cancelled', message };
  }
  if (decision.specDigest !== specDigest(spec)) return specChanged();
  return unreachable(migration, decision, seen);
}

/** The spec is not the one that was admitted. */
export function specChanged(): Obstacle {
  const message =
    'the spec was changed after the migration had begun; it cannot be changed, create a new ContainerMigration instead';
  return { because: 'GiveUpSpecChanged', reason: 'SpecChanged', message };
}

function unreachable(
  { spec, status }: ContainerMigration,
  { step }: Decision,
  seen: ControllerObservation,
): Obstacle | undefined {
  const [from, to] = [spec.source.nodeName, spec.target.nodeName];
  // With a published checkpoint the target needs the source no more: it may save the container from a dead node.
  if (seen.source.outOfService && status.source?.state !== 'Published') {
    const message = `node ${from} was put out of service before a checkpoint was published`;
    return { because: 'GiveUpSourceFenced', reason: 'SourceFenced', message };
  }
  if (seen.target.outOfService) {
    const message = `node ${to} was put out of service before it had claimed the checkpoint`;
    return { because: 'GiveUpTargetFenced', reason: 'TargetFenced', message };
  }
  if (step === 'Freeze' && !seen.target.agentAlive) {
    const message = `the agent of ${to} stopped reporting before it had claimed the checkpoint`;
    return { because: 'GiveUpTargetUnreachable', reason: 'TargetUnreachable', message };
  }
  return undefined;
}

const PHASES = {
  Preflight: { phase: 'Preflight', deadline: 'preflightMs', reason: 'PreflightTimedOut' },
  Prepare: { phase: 'Preparing', deadline: 'prepareMs', reason: 'PrepareTimedOut' },
  Freeze: { phase: 'Freezing', deadline: 'freezeMs', reason: 'FreezeTimedOut' },
} as const;

function deadlines(
  migration: ContainerMigration,
  { step }: Decision,
  seen: ControllerObservation,
): { readonly wholeMs: number; readonly phaseMs: number } {
  const { phase, deadline } = PHASES[step];
  return {
    wholeMs: admittedOf(migration, seen) + migration.spec.activeDeadlineSeconds * 1000 + queuedMs(migration, seen),
    phaseMs:
      beginOf(migration, phase, seen) +
      seen.deadlines[deadline] +
      (phase === 'Preparing' ? queuedMs(migration, seen) : 0),
  };
}

/** Gives up when a deadline has passed; undefined when there is time left. */
function inTime(
  migration: ContainerMigration,
  decision: Decision,
  waitsFor: string,
  seen: ControllerObservation,
): ControllerStep | undefined {
  const { wholeMs, phaseMs } = deadlines(migration, decision, seen);
  if (seen.nowMs >= wholeMs) {
    const message = `spec.activeDeadlineSeconds (${migration.spec.activeDeadlineSeconds}) passed while waiting for ${waitsFor}`;
    return giveUp(decision, { because: 'GiveUpDeadline', reason: 'DeadlineExceeded', message });
  }
  if (seen.nowMs >= phaseMs) {
    const { phase, deadline, reason } = PHASES[decision.step];
    const message = `the phase ${phase} took longer than ${seen.deadlines[deadline] / 1000} s, waiting for ${waitsFor}`;
    return giveUp(decision, { because: 'GiveUpPhaseDeadline', reason, message });
  }
  return undefined;
}

function awaitStep(
  migration: ContainerMigration,
  decision: Decision,
  waitsFor: string,
  seen: ControllerObservation,
): ControllerStep {
  const late = inTime(migration, decision, waitsFor, seen);
  if (late !== undefined) return late;
  const { wholeMs, phaseMs } = deadlines(migration, decision, seen);
  return {
    do: 'Wait',
    because: 'AwaitStep',
    waitsFor,
    untilMs: Math.min(wholeMs, phaseMs, seen.nowMs + RECHECK_MS),
  };
}

/** What the agents still owe for the step they were granted; undefined when the controller may go on. */
function awaitedFor({ status, spec }: ContainerMigration, { step }: Decision): string | undefined {
  const { source, target } = status;
  const [from, to] = [spec.source.nodeName, spec.target.nodeName];
  switch (step) {
    case 'Preflight':
      if (!hasLooked(source)) return `${from} to look at the container${lastFailure(source)}`;
      // A source that refuses ends it: the target need not look.
      return !hasLooked(target) && !source.checks?.some(isBlocking)
        ? `${to} to look whether it can take the container${lastFailure(target)}`
        : undefined;
    case 'Prepare':
      if (source?.state !== 'Prepared')
        return `${from} to describe the container${progressOf(source)}${lastFailure(source)}`;
      return target?.state !== 'Prepared'
        ? `${to} to create the container${progressOf(target)}${lastFailure(target)}`
        : undefined;
    case 'Freeze':
      // One text for both, so that the controller writes nothing between publishing and claiming: its write would
      // change the resourceVersion that the claim depends on, inside the downtime. After a freeze of many seconds it
      // does, for the progress is gone from the text; then the claim takes one more try (agent/target/reconcile.ts).
      return (
        `${from} to freeze the container${progressOf(source)}${lastFailure(source)} ` +
        `and ${to} to claim it${progressOf(target)}${lastFailure(target)}`
      );
  }
}

function hasLooked<T extends { readonly state: string }>(agent: T | undefined): agent is T {
  return agent !== undefined && agent.state !== 'Pending';
}

const isBlocking = (check: Check): boolean => check.blocking;

function afterPreflight(migration: ContainerMigration): ControllerStep {
  const {
    spec,
    status: { source, target },
  } = migration;
  const blocking = [
    ...(source?.checks ?? []).map((check) => ({ ...check, node: source?.nodeName ?? '' })),
    ...(target?.checks ?? []).map((check) => ({ ...check, node: target?.nodeName ?? '' })),
  ].filter(isBlocking);
  const [first] = blocking;
  if (first !== undefined) {
    const message = blocking.map((check) => `${check.node}: ${check.message}`).join('; ');
    return { do: 'Refuse', because: 'RefuseChecks', reason: first.reason, message };
  }
  const driver = chooseDriver(migration);
  if (driver === undefined) {
    const message = `there is no driver that both nodes can use; ${whyNoDriver(migration)}`;
    return { do: 'Refuse', because: 'RefuseNoDriver', reason: 'NoCommonDriver', message };
  }
  if (spec.mode === 'Preflight') {
    const message = `nothing stands against moving the container from ${spec.source.nodeName} to ${spec.target.nodeName} by driver ${driver.name}; nothing was touched (spec.mode is Preflight)`;
    return { do: 'Finish', because: 'EndAfterPreflight', phase: 'Checked', reason: 'PreflightPassed', message };
  }
  return { do: 'Advance', because: 'AdvanceToPrepare', to: 'Prepare', driver };
}

import type { ContainerMigration, Status } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { decideController } from '../../src/protocol/controller/decide';
import type { ControllerObservation, ControllerStep } from '../../src/protocol/controller/step';
import { decideSource } from '../../src/protocol/source';
import { statusAfter } from '../../src/protocol/status';
import { decideTarget } from '../../src/protocol/target';
import { sourceAfter, sourceView, targetAfter, targetView } from './actors';

/** Both nodes are well, and no deadline is near. */
export function allWell(nowMs: number): ControllerObservation {
  const node = { exists: true, agentAlive: true, outOfService: false };
  const longMs = 86_400_000;
  const deadlines = {
    admitMs: longMs,
    preflightMs: longMs,
    prepareMs: longMs,
    freezeMs: longMs,
    restoreMs: longMs,
    rollBackMs: longMs,
  };
  return { nowMs, source: node, target: node, deadlines };
}

/** More visits than any migration takes. */
const MOST_ROUNDS = 100;

/**
 * A migration as the protocol itself leaves it, without an API server: played by all three actors until it has ended, or
 * until `stop` holds. Throws when they come to a standstill before.
 */
export function play(
  migration: ContainerMigration,
  nowMs: number,
  stop: (status: Status) => boolean = () => false,
): ContainerMigration {
  const at = new Date(nowMs).toISOString();
  let played = migration;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (isFinal(played) || stop(played.status)) return played;
    played = { ...played, status: { ...played.status, ...oneStep(played, nowMs, at) } };
  }
  throw new Error(`the protocol stands still: ${JSON.stringify(played.status)}`);
}

function oneStep(migration: ContainerMigration, nowMs: number, at: string): Partial<Status> {
  const step = decideController(migration, allWell(nowMs));
  if (isStatusStep(step)) return statusAfter(migration, step, at);
  const source = sourceAfter(decideSource(migration, { nowMs, view: sourceView(migration) }).do, migration, at);
  if (source !== undefined) return { source };
  const target = targetAfter(decideTarget(migration, { nowMs, view: targetView() }).do, migration, at);
  return target === undefined ? {} : { target };
}

function isStatusStep(
  step: ControllerStep,
): step is Exclude<ControllerStep, { do: 'Rest' | 'LetGo' | 'Acknowledge' | 'PickTarget' | 'Wait' }> {
  return !['Rest', 'LetGo', 'Acknowledge', 'PickTarget', 'Wait'].includes(step.do);
}

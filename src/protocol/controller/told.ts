import type { MigrationRequest } from '../../api/types';
import type { ControllerStatus, StatusStep } from '../status';
import { statusAfter } from '../status';
import { decideController } from './decide';
import type { ControllerObservation } from './step';
import { beginOf } from './waiting';

/** What is waited for only shortly is not worth a write: most steps of the agents take less. */
const WORDS_AFTER_MS = 3_000;

/**
 * The status as it is written after a step: with a step that is granted it tells at once what is then waited for, so that
 * this needs no write of its own.
 *
 * @param at RFC 3339, the controller's clock
 */
export function statusToTell(
  migration: MigrationRequest,
  step: StatusStep,
  seen: ControllerObservation,
  at: string,
): ControllerStatus {
  const status = statusAfter(migration, step, at);
  if (step.do !== 'Admit' && step.do !== 'Advance') return status;
  const granted = { ...migration, status: { ...migration.status, ...status } };
  const next = decideController(granted, seen);
  return next.do === 'Wait' ? statusAfter(granted, next, at) : status;
}

/**
 * When a wait is to be written: ms from now, 0 for at once; undefined when it says nothing new. Other words alone have
 * time until the phase has lasted that long. Each write costs the agents a conflict if they write at the same time.
 */
export function tellAfterMs(
  migration: MigrationRequest,
  next: ControllerStatus,
  seen: ControllerObservation,
): number | undefined {
  const { status, metadata } = migration;
  if (status.phase !== next.phase) return 0;
  // A turn mostly comes within that time too.
  if (status.reason !== next.reason && next.reason !== 'Queued') return 0;
  if (status.observedGeneration !== metadata.generation) return 0;
  if (status.message === next.message || next.phase === undefined) return undefined;
  const lastedMs = seen.nowMs - beginOf(migration, next.phase, seen);
  // Less than nothing: another controller's clock noted the beginning.
  return lastedMs < 0 ? 0 : Math.max(0, WORDS_AFTER_MS - lastedMs);
}

import type { ContainerMigration, SourceStatus } from '../../../src/api/types';
import type { SourceStep, SourceView } from '../../../src/protocol/source';
import { cachedBy, current, fresh, writeSource } from './api-server';
import type { Desk } from './desk';
import {
  asFailure,
  clockOf,
  deskOf,
  errorOf,
  isFenced,
  isPublished,
  noteBranch,
  requireAdmitted,
  retryAfter,
} from './desk';
import type { StepFailure } from './failures';
import { sweep } from './restore-effects';
import { checkpointOf, freeze, wakeAfterFailure } from './source-freeze';
import { release, reportLost, restoreOriginal, wakeOriginal } from './source-endings';
import type { Actor, SimNode, Visit, World } from './world';
import { ORIGINAL } from './world';

/** One visit of the agent on the source node, as src/agent makes it. */
export function* sourceVisit(world: World, actor: Actor, node: SimNode): Visit {
  const { decideSource, defect } = world.behaviour;
  const cached = cachedBy(world, actor);
  releaseJournal(world, node, cached);
  yield* sweep(deskOf(world, actor, node), cached?.metadata.uid);
  if (cached === undefined) return;
  const nowMs = clockOf(world, actor);
  const expected = decideSource(cached, { nowMs, view: undefined });
  if (expected.do === 'Wait') {
    noteBranch(world, 'source', expected.because);
    return;
  }
  yield;
  const migration = defect === 'staleCache' ? cached : fresh(world, actor);
  if (migration === undefined) return;
  const desk = deskOf(world, actor, node);
  let step = decideSource(migration, { nowMs, view: undefined });
  try {
    if (step.do === 'Look') {
      noteBranch(world, 'source', step.because);
      yield;
      step = decideSource(migration, { nowMs, view: look(desk, migration) });
    }
    noteBranch(world, 'source', step.because);
    if (step.do === 'Wait' || step.do === 'Look') return;
    requireAdmitted(world, migration, step.because);
    yield* perform(desk, migration, step);
  } catch (error) {
    yield* settleFailure(desk, migration, step, asFailure(error));
  }
}

/**
 * The reservation is given back only when the object says how it ended: until then the journal alone knows whether the
 * container has run on since its dump.
 */
function releaseJournal(world: World, node: SimNode, cached: ContainerMigration | undefined): void {
  if (node.journal === undefined) return;
  const { state } = (cached?.metadata.uid === node.journal.uid ? cached.status.source : undefined) ?? {};
  const gone = current(world)?.metadata.uid !== node.journal.uid;
  if (state === 'Released' || state === 'RolledBack' || gone) node.journal = undefined;
}

function look(desk: Desk, { metadata, status }: ContainerMigration): SourceView {
  const { docker, node, volume } = desk;
  const state = docker.original()?.state;
  const original = state === undefined ? 'gone' : state === 'running' || state === 'paused' ? state : 'stopped';
  const noted = node.journal?.uid === metadata.uid ? node.journal.stage : 'untouched';
  // A rollback that can simply wake the original does not wait for the volume.
  const alive = original === 'running' || original === 'paused';
  const directory = alive && status.decision?.revoked !== undefined ? undefined : volume.read(metadata.uid);
  const replacement = docker.ours(metadata.uid)?.state;
  return {
    original,
    outOfService: isFenced(desk),
    // Woken up once, the original has run on: its dump is worth nothing any more.
    journal: noted === 'woken' ? 'reserved' : noted,
    checkpoint: isPublished(directory) && noted !== 'woken' ? 'published' : 'none',
    replacement: replacement === undefined ? 'none' : replacement === 'running' ? 'running' : 'created',
  };
}

export const statusOf = ({ status }: ContainerMigration, node: SimNode): SourceStatus =>
  status.source ?? { nodeName: node.name, state: 'Pending' };

export function withoutTrouble(status: SourceStatus): SourceStatus {
  if (status.error === undefined && status.retry === undefined) return status;
  const rest = { ...status };
  delete rest.error;
  delete rest.retry;
  return rest;
}

function* perform(
  desk: Desk,
  migration: ContainerMigration,
  step: Exclude<SourceStep, { do: 'Wait' | 'Look' }>,
): Visit {
  const { world, actor, node, docker, volume } = desk;
  const { uid } = migration.metadata;
  const status = withoutTrouble(statusOf(migration, node));
  const report = (change: Partial<SourceStatus>): void => {
    writeSource(world, actor, migration, { ...status, ...change });
  };
  switch (step.do) {
    case 'Preflight': {
      const running = docker.original()?.state === 'running';
      const found = { reason: 'ContainerNotRunning', message: 'it does not run', blocking: true };
      yield;
      report({ state: 'Preflighted', containerID: ORIGINAL, checks: running ? [] : [found] });
      return;
    }
    case 'Prepare': {
      node.journal = { uid, stage: 'reserved' };
      yield;
      volume.open(uid).description = true;
      yield;
      const policy = docker.original()?.policy ?? 'no';
      report({ state: 'Prepared', restartPolicy: { name: policy, maximumRetryCount: 0 } });
      return;
    }
    case 'Freeze':
      report(yield* freeze(desk, migration));
      return;
    case 'Adopt': {
      const digest = volume.read(uid)?.manifest ?? '';
      yield;
      report({ state: 'Published', checkpoint: checkpointOf(digest) });
      return;
    }
    case 'Fail':
      report({ state: 'Failed', error: { reason: step.reason, message: 'not running' } });
      return;
    case 'Release':
      yield* release(desk, migration, step.because === 'EndOriginal');
      report({ state: 'Released' });
      return;
    case 'Wake':
      yield* wakeOriginal(desk, migration);
      report({ state: 'RolledBack' });
      return;
    case 'Restore': {
      const restoredContainerID = yield* restoreOriginal(desk, migration);
      if (restoredContainerID === undefined) report(LOST);
      else report({ state: 'RolledBack', restoredContainerID });
      return;
    }
    case 'ReportLost':
      yield* reportLost(desk, migration);
      report(LOST);
      return;
    case 'Undo':
      // A step that failed half-way may have begun to describe the container, before the node lost its journal.
      volume.discard(uid, false);
      yield;
      report({ state: 'RolledBack' });
  }
}

const LOST: Partial<SourceStatus> = { state: 'RolledBack', error: { reason: 'SourceLost', message: 'it is lost' } };

/** What fails before the claim for good is the controller's to end; what must succeed is tried for ever. */
function* settleFailure(desk: Desk, migration: ContainerMigration, step: SourceStep, failure: StepFailure): Visit {
  desk.world.trace?.push(`  failed: ${failure.reason}`);
  if (step.do === 'Freeze') yield* wakeAfterFailure(desk, migration);
  const status = statusOf(migration, desk.node);
  const mustSucceed = migration.status.decision?.revoked !== undefined || step.do === 'Release';
  const change: Partial<SourceStatus> =
    failure.passing || mustSucceed || step.do === 'Look'
      ? retryAfter(desk, status, failure)
      : { state: 'Failed', error: errorOf(failure) };
  yield;
  writeSource(desk.world, desk.actor, migration, { ...status, ...change });
}

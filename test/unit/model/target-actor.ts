import type { ContainerMigration, TargetStatus } from '../../../src/api/types';
import type { TargetStep, TargetView } from '../../../src/protocol/target';
import { cachedBy, fresh, writeTarget } from './api-server';
import type { Desk } from './desk';
import { asFailure, clockOf, deskOf, errorOf, isFenced, isoOf, noteBranch, requireAdmitted, retryAfter } from './desk';
import type { StepFailure } from './failures';
import { cleanUp, restore, sweep, verify } from './restore-effects';
import type { Actor, SimNode, Visit, World } from './world';

/** One visit of the agent on the target node, as src/agent makes it. */
export function* targetVisit(world: World, actor: Actor, node: SimNode): Visit {
  const { decideTarget, defect } = world.behaviour;
  const cached = cachedBy(world, actor);
  yield* sweep(deskOf(world, actor, node), cached?.metadata.uid);
  if (cached === undefined) return;
  const nowMs = clockOf(world, actor);
  const expected = decideTarget(cached, { nowMs, view: undefined });
  if (expected.do === 'Wait') {
    noteBranch(world, 'target', expected.because);
    return;
  }
  yield;
  // A claim fails when there is a later version.
  let migration = defect === 'staleCache' || expected.do === 'Claim' ? cached : fresh(world, actor);
  if (migration === undefined) return;
  const desk = deskOf(world, actor, node);
  let step = decideTarget(migration, { nowMs, view: undefined });
  try {
    if (step.do === 'Look') {
      noteBranch(world, 'target', step.because);
      yield;
      step = decideTarget(migration, { nowMs, view: look(desk, migration) });
    }
    const claimed = yield* perform(desk, migration, step);
    if (claimed !== undefined) {
      // The claim and the wake-up in one visit: in between the container is down.
      migration = claimed;
      step = decideTarget(migration, { nowMs, view: look(desk, migration, true) });
      yield* perform(desk, migration, step, true);
    }
  } catch (error) {
    yield;
    writeTarget(world, actor, migration, afterFailure(desk, migration, step, asFailure(error)), {
      ifUnchanged: guarded(world),
    });
  }
}

/** @param justClaimed inside the downtime nobody is asked for what is known: the claim would have failed */
function look(desk: Desk, { metadata, status }: ContainerMigration, justClaimed = false): TargetView {
  const { docker, driver } = desk;
  const state = docker.ours(metadata.uid)?.state;
  const resumed = driver.marker(metadata.uid)?.state === 'resumed';
  const outOfService = !justClaimed && isFenced(desk);
  if (state === undefined) return { container: 'none', outOfService };
  // It has run here; that it died since makes it no less restored.
  const woken = state === 'running' || (state === 'dead' && resumed);
  const needed = status.target?.state === 'Restored' && status.target.lazyPages === 'Pending';
  const memory = needed ? { memory: driver.memory(metadata.uid) } : {};
  return { container: woken ? 'woken' : state === 'created' ? state : 'stopped', outOfService, ...memory };
}

/** A report that arrives late, when its sender is dead and its follower has claimed, would take the claim away. */
const guarded = ({ behaviour }: World): boolean => behaviour.defect !== 'reportsUnguarded';

const statusOf = ({ status }: ContainerMigration, node: SimNode): TargetStatus =>
  status.target ?? { nodeName: node.name, state: 'Pending' };

function withoutTrouble(status: TargetStatus): TargetStatus {
  if (status.error === undefined && status.retry === undefined) return status;
  const rest = { ...status };
  delete rest.error;
  delete rest.retry;
  return rest;
}

/** @returns the object after a claim */
function* perform(
  desk: Desk,
  migration: ContainerMigration,
  step: TargetStep,
  justClaimed = false,
): Generator<undefined, ContainerMigration | undefined, undefined> {
  const { world, actor, node, docker, driver } = desk;
  noteBranch(world, 'target', step.because);
  if (step.do === 'Wait' || step.do === 'Look') return undefined;
  requireAdmitted(world, migration, step.because);
  const { uid } = migration.metadata;
  const status = withoutTrouble(statusOf(migration, node));
  const report = (change: Partial<TargetStatus>): void => {
    writeTarget(world, actor, migration, { ...status, ...change }, { ifUnchanged: guarded(world) });
  };
  switch (step.do) {
    case 'Preflight':
      yield;
      report({ state: 'Preflighted', checks: [] });
      return undefined;
    case 'Prepare': {
      const { id } = docker.ours(uid) ?? docker.create(uid);
      yield;
      report({ state: 'Prepared', containerID: id });
      return undefined;
    }
    case 'Claim': {
      // The object knows of a fence only once the controller has written: the node itself knows before.
      if (isFenced(desk)) return undefined;
      verify(desk, uid);
      yield;
      const ifUnchanged = world.behaviour.defect !== 'claimWithoutPrecondition';
      const memory = migration.spec.memory === 'Lazy' ? ({ lazyPages: 'Pending' } as const) : {};
      const claimed = writeTarget(world, actor, migration, { ...status, ...memory, state: 'Claimed' }, { ifUnchanged });
      yield;
      return claimed;
    }
    case 'Wake':
      yield* wake(desk, justClaimed ? migration : yield* giveSignOfLife(desk, migration));
      return undefined;
    case 'GiveBack':
      yield* cleanUp(desk, uid);
      report({ state: 'Failed', error: migration.status.target?.error ?? { reason: 'GivenBack', message: '' } });
      return undefined;
    case 'Complete':
      verify(desk, uid);
      yield;
      report({ lazyPages: 'Done' });
      return undefined;
    case 'Lose': {
      const container = docker.ours(uid);
      if (container !== undefined) docker.kill(container);
      yield;
      driver.forget(uid);
      yield;
      report({
        state: 'Settled',
        lazyPages: 'Lost',
        error: { reason: 'PageServerLost', message: 'its memory is lost' },
      });
      return undefined;
    }
    case 'Settle': {
      const container = docker.ours(uid);
      const policy = migration.status.source?.restartPolicy?.name === 'always' ? 'always' : 'no';
      if (container !== undefined && world.behaviour.defect !== 'policyForgotten') {
        docker.setPolicy(container, policy);
      }
      yield;
      driver.forget(uid);
      yield;
      report({ state: 'Settled' });
      return undefined;
    }
    case 'Withdraw':
      yield* cleanUp(desk, uid, { evenIfRunning: step.because === 'ObeyFence' });
      report({ state: 'Withdrawn' });
      return undefined;
  }
}

/**
 * A target that was away since its claim may be about to be fenced. Its write changes the object, so that a revocation
 * that was decided before it fails.
 */
function* giveSignOfLife(
  { world, actor, node }: Desk,
  migration: ContainerMigration,
): Generator<undefined, ContainerMigration, undefined> {
  if (world.behaviour.defect === 'noSignOfLife') return migration;
  const at = isoOf(clockOf(world, actor));
  const sign: TargetStatus = { ...statusOf(migration, node), progress: { doing: 'Wake', bytes: 0, files: 0, at } };
  const written = writeTarget(world, actor, migration, sign, { ifUnchanged: true });
  yield;
  return written;
}

/** After the claim: wakes the container up, or continues where an earlier life stopped, and reports it. */
function* wake(desk: Desk, migration: ContainerMigration): Visit {
  const { world, actor, docker, driver, node } = desk;
  const { uid } = migration.metadata;
  try {
    const container = docker.ours(uid) ?? docker.create(uid);
    yield;
    // One that ran and died with its daemon has been restored: what becomes of it now is as with any container.
    const ran = container.state === 'running' || driver.marker(uid)?.state === 'resumed';
    if (!ran || container.state === 'created') yield* restore(desk, uid, container);
  } catch (error) {
    const failure = asFailure(error);
    const said = yield* afterFailedWake(desk, migration, failure);
    yield;
    writeTarget(world, actor, migration, said, { ifUnchanged: guarded(world) });
    return;
  }
  const now = fresh(world, actor);
  if (now?.metadata.uid !== uid) return;
  if (now.status.decision?.revoked?.fenced !== undefined) return;
  yield;
  const status = withoutTrouble(statusOf(now, node));
  writeTarget(world, actor, now, { ...status, state: 'Restored' }, { ifUnchanged: guarded(world) });
}

/** Cleans up before the claim is given back; a claim that cannot be cleaned up behind is kept. */
function* afterFailedWake(
  desk: Desk,
  migration: ContainerMigration,
  failure: StepFailure,
): Generator<undefined, TargetStatus, undefined> {
  desk.world.trace?.push(`  failed: ${failure.reason}`);
  const status = statusOf(migration, desk.node);
  try {
    if (desk.world.behaviour.defect === 'claimGivenBackBeforeCleanUp') {
      return { ...status, state: 'Failed', error: errorOf(failure) };
    }
    yield* cleanUp(desk, migration.metadata.uid);
  } catch (error) {
    return { ...status, ...retryAfter(desk, status, asFailure(error)) };
  }
  return failure.passing
    ? { ...status, ...retryAfter(desk, status, failure) }
    : { ...status, state: 'Failed', error: errorOf(failure) };
}

function afterFailure(desk: Desk, migration: ContainerMigration, step: TargetStep, failure: StepFailure): TargetStatus {
  desk.world.trace?.push(`  failed: ${failure.reason}`);
  const status = statusOf(migration, desk.node);
  const mayFail = step.do === 'Preflight' || step.do === 'Prepare' || step.do === 'Claim';
  return failure.passing || !mayFail
    ? { ...status, ...retryAfter(desk, status, failure) }
    : { ...status, state: 'Failed', error: errorOf(failure) };
}

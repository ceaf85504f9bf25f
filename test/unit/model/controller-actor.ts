import { ADMITTED_UID, FINALIZER } from '../../../src/api/types';
import type { ContainerMigration } from '../../../src/api/types';
import type { ControllerObservation, ControllerStep } from '../../../src/protocol/controller/step';
import type { ControllerStatus } from '../../../src/protocol/status';
import { acknowledged } from '../../../src/protocol/status';
import { cachedBy, writeController, writeMetadata } from './api-server';
import { clockOf, isoOf, noteBranch } from './desk';
import { UNREACHABLE, Violation } from './failures';
import type { Actor, SimNode, Visit, World } from './world';

const DEADLINES = {
  admitMs: 60_000,
  preflightMs: 60_000,
  prepareMs: 60_000,
  freezeMs: 60_000,
  restoreMs: 60_000,
  rollBackMs: 60_000,
};

/** One visit of the controller, leading or deposed: look, decide, write what was decided on the version that was seen. */
export function* controllerVisit(world: World, actor: Actor): Visit {
  const migration = cachedBy(world, actor);
  if (migration === undefined) return;
  // The nodes are looked at after the object: a taint that is older than the object is not held against it.
  const seen = observe(world, actor);
  const step = world.behaviour.decideController(migration, seen);
  noteBranch(world, actor.name, step.because);
  if (step.do === 'Rest') return;
  if (step.do === 'Wait') checkWait(step, seen.nowMs);
  yield;
  yield* perform(world, actor, migration, step, seen);
}

function observe(world: World, actor: Actor): ControllerObservation {
  if (!world.api.up) throw UNREACHABLE;
  const { source, target } = world.nodes;
  return { nowMs: clockOf(world, actor), source: view(source), target: view(target), deadlines: DEADLINES };
}

function view({ powered, partitioned, leaseSeems, tainted }: SimNode): ControllerObservation['source'] {
  return { exists: true, agentAlive: leaseSeems ?? (powered && !partitioned), outOfService: tainted };
}

/** I8: every wait has an end and says what it is for. */
function checkWait(step: ControllerStep & { do: 'Wait' }, nowMs: number): void {
  if (!Number.isFinite(step.untilMs) || step.untilMs <= nowMs || step.waitsFor === '') {
    throw new Violation(`I8: ${step.because} waits without an end or without a word`);
  }
}

function* perform(
  world: World,
  actor: Actor,
  migration: ContainerMigration,
  step: Exclude<ControllerStep, { do: 'Rest' }>,
  { nowMs }: ControllerObservation,
): Visit {
  switch (step.do) {
    case 'PickTarget':
      throw new Violation('a target was picked for a migration that has one');
    case 'LetGo':
      letGo(world, actor, migration);
      return;
    case 'Acknowledge':
      writeController(world, actor, migration, acknowledged(migration), { ifUnchanged: true });
      return;
    case 'Admit': {
      const held = hold(world, actor, migration);
      yield;
      writeController(world, actor, held, world.behaviour.statusAfter(held, step, isoOf(nowMs)), {
        ifUnchanged: true,
      });
      return;
    }
    case 'Wait':
    case 'Refuse':
    case 'Advance':
    case 'Revoke':
    case 'Finish': {
      const status = world.behaviour.statusAfter(migration, step, isoOf(nowMs));
      if (step.do === 'Wait' && !saysSomethingNew(migration, status)) return;
      const ifUnchanged = step.do !== 'Revoke' || world.behaviour.defect !== 'revokeWithoutPrecondition';
      writeController(world, actor, migration, status, { ifUnchanged });
    }
  }
}

function letGo(world: World, actor: Actor, migration: ContainerMigration): void {
  const { finalizers = [] } = migration.metadata;
  if (!finalizers.includes(FINALIZER)) return;
  writeMetadata(world, actor, migration, { finalizers: finalizers.filter((name) => name !== FINALIZER) });
}

/** Before anything is touched, so that no deletion leaves a frozen container behind. */
function hold(world: World, actor: Actor, migration: ContainerMigration): ContainerMigration {
  if (world.behaviour.defect === 'finalizerForgotten') return migration;
  const { finalizers = [], annotations = {}, uid } = migration.metadata;
  if (finalizers.includes(FINALIZER)) return migration;
  return writeMetadata(world, actor, migration, {
    finalizers: [...finalizers, FINALIZER],
    annotations: { ...annotations, [ADMITTED_UID]: uid },
  });
}

function saysSomethingNew({ status, metadata }: ContainerMigration, next: ControllerStatus): boolean {
  return (
    status.phase !== next.phase ||
    status.reason !== next.reason ||
    status.message !== next.message ||
    status.observedGeneration !== metadata.generation
  );
}

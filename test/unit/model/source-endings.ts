import type { ContainerMigration } from '../../../src/api/types';
import type { Desk } from './desk';
import { asFailure, isKept, isPublished } from './desk';
import { Violation } from './failures';
import { cleanUp, restore } from './restore-effects';
import { publish } from './source-freeze';
import type { SimContainer, Visit } from './world';

type Work<T> = Generator<undefined, T, undefined>;

/** What the owner gave it; undefined as long as nobody has noted it, and so nobody has changed it. */
function policyOf({ status }: ContainerMigration): 'no' | 'always' | undefined {
  const name = status.source?.restartPolicy?.name;
  return name === undefined ? undefined : name === 'always' ? 'always' : 'no';
}

/**
 * The container runs on the target: the frozen original is killed and removed.
 * @param isLost it ran there, and is all that is left, with the checkpoint
 */
export function* release(desk: Desk, migration: ContainerMigration, isLost: boolean): Visit {
  const { docker, volume } = desk;
  const { uid } = migration.metadata;
  const original = docker.original();
  if (original !== undefined) {
    if (original.state === 'running') {
      docker.pause(original);
      yield;
    }
    docker.kill(original);
    yield;
    if (migration.spec.afterSuccess === 'Remove' && !isLost) docker.remove(original);
    yield;
  }
  volume.discard(uid, isLost || isKept(migration, 'succeeded', volume.read(uid)));
  yield;
}

export function* wakeOriginal(desk: Desk, migration: ContainerMigration): Visit {
  const { docker, driver, node, world } = desk;
  const { uid } = migration.metadata;
  const original = docker.original();
  if (original !== undefined) {
    if (original.state === 'paused') {
      driver.abandonDump();
      yield;
      const before = node.journal;
      // Noted before: once it has run on, its dump is worth nothing any more, should its daemon die now.
      if (world.behaviour.defect !== 'wakeNotNoted') node.journal = { uid, stage: 'woken' };
      yield;
      try {
        docker.unpause(original);
      } catch (error) {
        // Docker says that it is frozen still: then its dump is as good as before.
        if (desk.docker.isFrozen(original)) node.journal = before;
        throw error;
      }
      yield;
    }
    yield* setPolicy(desk, migration, original);
  }
  yield* tidy(desk, migration, { replacement: false });
}

/** The original died frozen: a new container takes its place. @returns its ID; undefined when that will never succeed */
export function* restoreOriginal(desk: Desk, migration: ContainerMigration): Work<string | undefined> {
  const { docker, driver, node, volume } = desk;
  const { uid } = migration.metadata;
  let replacement = docker.ours(uid);
  if (replacement?.state !== 'running') {
    if (node.journal?.stage === 'dumped' && !isPublished(volume.read(uid))) yield* publish(desk, uid);
    if (replacement?.state === 'dead') {
      if (driver.marker(uid)?.state === 'resumed') {
        yield* startAgain(desk, migration, replacement);
      } else {
        // The node was restarted: nobody knows how far it had come.
        docker.remove(replacement);
        replacement = undefined;
      }
      yield;
    }
    if (replacement?.state !== 'dead') {
      replacement ??= docker.create(uid);
      yield;
      try {
        yield* restore(desk, uid, replacement);
      } catch (error) {
        const failure = asFailure(error);
        yield* cleanUp(desk, uid);
        if (failure.passing) throw failure;
        yield* reportLost(desk, migration, { triedInVain: true });
        return undefined;
      }
    }
  }
  yield* setPolicy(desk, migration, replacement);
  const original = docker.original();
  if (original !== undefined) docker.remove(original);
  yield;
  yield* tidy(desk, migration, { replacement: true });
  return replacement.id;
}

/** Nothing is left to go on from: what a restart policy would have done is done. */
export function* reportLost(desk: Desk, migration: ContainerMigration, { triedInVain = false } = {}): Visit {
  const { docker, volume, world } = desk;
  const { uid } = migration.metadata;
  // A replacement that never ran is of no use to anybody.
  if (docker.ours(uid)?.state === 'created') yield* cleanUp(desk, uid);
  const original = docker.original() ?? docker.ours(uid);
  const directory = volume.read(uid);
  const counted = directory === undefined ? undefined : world.truth.frontier[directory.life];
  if (original?.state === 'paused' || original?.state === 'running') {
    throw new Violation('I2: SourceLost, although the original lives');
  }
  // Between the note and the deed nobody knows whether it has run on.
  const certain = desk.node.journal?.stage !== 'woken' && !triedInVain;
  if (isPublished(directory) && directory.value === counted && original !== undefined && certain) {
    throw new Violation('I2: SourceLost, although its checkpoint is complete and nothing has run since');
  }
  if (original !== undefined) {
    yield* setPolicy(desk, migration, original);
    yield* startAgain(desk, migration, original);
  }
  volume.discard(uid, isPublished(volume.read(uid)));
  yield;
}

function* setPolicy({ docker, world }: Desk, migration: ContainerMigration, container: SimContainer): Visit {
  const policy = policyOf(migration);
  if (policy !== undefined && world.behaviour.defect !== 'policyForgotten') docker.setPolicy(container, policy);
  yield;
}

/** A container that died with its daemon after it had run on: as its restart policy would have done. */
function* startAgain({ docker }: Desk, migration: ContainerMigration, container: SimContainer): Visit {
  if (policyOf(migration) === 'always') docker.startAfresh(container);
  yield;
}

function* tidy(desk: Desk, migration: ContainerMigration, { replacement }: { replacement: boolean }): Visit {
  const { volume, driver } = desk;
  const { uid } = migration.metadata;
  if (!replacement) yield* cleanUp(desk, uid);
  volume.discard(uid, isKept(migration, 'rolledBack', volume.read(uid)));
  yield;
  driver.forget(uid);
  yield;
}

import { fresh } from './api-server';
import { INTERRUPTED, STILL_RUNS, WAKE_FAILED, CORRUPT } from './failures';
import type { Desk } from './desk';
import { asFailure } from './desk';
import { digestOf, failWhenDue } from './node-effects';
import { wrapperStep } from './running';
import type { SimContainer, Visit } from './world';

/** Compares the checkpoint with its manifest. @throws StepFailure */
export function verify(desk: Desk, uid: string): void {
  const directory = desk.volume.read(uid);
  failWhenDue(desk.actor);
  if (directory?.manifest === undefined || directory.manifest !== digestOf(directory)) throw CORRUPT;
}

/** Arms and starts a container that was created for a restore, or continues what an earlier life began. */
export function* restore(desk: Desk, uid: string, container: SimContainer): Visit {
  const { driver, docker, world, node } = desk;
  let marker = driver.marker(uid);
  if (marker?.containerID !== container.id || marker.state === 'failed') {
    // Without a marker a container that has run already may have counted on: it is not restored a second time.
    if (container.state === 'dead') throw INTERRUPTED;
    verify(desk, uid);
    yield;
    marker = driver.arm(container, uid);
    yield;
  }
  if (marker.state === 'armed' && !marker.busy) {
    docker.startArmed(marker);
    yield;
  }
  while (marker.busy) {
    try {
      failWhenDue(desk.actor);
    } catch (error) {
      // Either the restore itself fails, or it only takes too long and goes on.
      const failure = asFailure(error);
      if (!failure.passing) driver.killRestore(marker);
      throw failure;
    }
    wrapperStep(world, node);
    yield;
  }
  if (marker.state !== 'resumed' && container.state !== 'running') throw WAKE_FAILED;
}

/** Makes sure that nothing of what was made here runs and nothing will. */
export function* cleanUp(desk: Desk, uid: string, { evenIfRunning = false } = {}): Visit {
  const { driver, docker, world } = desk;
  yield;
  driver.disarm(uid);
  yield;
  const container = docker.ours(uid);
  if (container !== undefined) {
    const lenient = evenIfRunning || world.behaviour.defect === 'giveBackAlthoughResumed';
    if (container.state === 'running' && !lenient) throw STILL_RUNS;
    docker.remove(container);
    yield;
  }
  driver.forget(uid);
  yield;
}

/** What was made here for an object that is gone goes too. Objects are told apart by their UIDs. */
export function* sweep({ world, actor, node, docker, driver }: Desk, known: string | undefined): Visit {
  const left = node.containers.find(({ madeBy, state }) => madeBy !== known && state === 'created');
  if (left?.madeBy === undefined) return;
  yield;
  if (fresh(world, actor)?.metadata.uid === left.madeBy) return;
  try {
    docker.remove(left);
    yield;
    driver.forget(left.madeBy);
  } catch (error) {
    asFailure(error);
  }
}

import type { ContainerMigration } from '../../../src/api/types';
import { current, store, tellLatest } from './api-server';
import { halt, killDump, powerOff, powerOn, startDaemon, stopDaemon } from './running';
import { nodeOf, pick, step, visit } from './turns';
import type { Fault, SimNode, World } from './world';
import { ORIGINAL } from './world';

/** Something that happens; the parameter says to whom, and how. */
export type Act = (world: World, parameter: number) => void;

function change(world: World, edit: (now: ContainerMigration) => ContainerMigration): void {
  const now = current(world);
  if (now !== undefined && world.api.up) store(world, edit(now));
}

export const oneStep: Act = (world, p) => {
  const actor = pick(world, p);
  if (actor.visit === undefined && (p >> 2) % 4 > 0) tellLatest(world, actor);
  for (let steps = 0; steps <= (p >> 4) % 4; steps += 1) if (!step(world, actor)) return;
};

export const informedVisit: Act = (world, p) => {
  const actor = pick(world, p);
  if (actor.visit === undefined) tellLatest(world, actor);
  visit(world, actor);
};

export const FAULTS: readonly Fault['kind'][] = ['passing', 'lasting', 'answerLost', 'stuck'];

/** On, off, off and out of service, back and out of service still: one after the other, but not all of them always. */
export const power: Act = (world, p) => {
  const where = nodeOf(world, p);
  const hurry = (p >> 1) % 2 === 0;
  if (!where.powered) {
    if (!where.tainted && (p >> 2) % 3 > 0) takeOutOfService(where);
    else {
      powerOn(world, where);
      if (hurry) where.tainted = false;
    }
  } else if (where.tainted) where.tainted = false;
  else {
    powerOff(world, where);
    if (hurry) powerOn(world, where);
  }
};

/** What a person does who made sure that the node is off. */
export function takeOutOfService(node: SimNode): void {
  node.tainted = true;
  node.wasFenced = true;
}

export const docker: Act = (world, p) => {
  const where = nodeOf(world, p);
  if (!where.powered) return;
  const restart = where.daemonUp && (p >> 1) % 2 === 0;
  if (where.daemonUp) stopDaemon(world, where);
  else startDaemon(world, where);
  if (restart) startDaemon(world, where);
};

/** A CRIU without its agent ends well, or is killed. */
export function endDump(world: World, p: number): void {
  const { source } = world.nodes;
  if (source.dumping === undefined || !source.powered) return;
  if (p % 2 === 0) {
    killDump(world, source);
    return;
  }
  const directory = world.volume.directories.get(world.truth.uid);
  source.dumping = undefined;
  if (directory !== undefined) directory.images = 'complete';
}

function editSpec(world: World, edit: (spec: ContainerMigration['spec']) => ContainerMigration['spec']): void {
  change(world, (now) => ({
    ...now,
    spec: edit(now.spec),
    metadata: { ...now.metadata, generation: now.metadata.generation + 1 },
  }));
}

/** The owner, or a tool that thinks that it knows better. */
export const user: Act = (world, p) => {
  switch (p % 5) {
    case 0:
      editSpec(world, (spec) => ({ ...spec, cancel: true }));
      return;
    case 1: {
      const deletionTimestamp = new Date(world.nowMs).toISOString();
      change(world, (now) => ({ ...now, metadata: { ...now.metadata, deletionTimestamp } }));
      return;
    }
    case 2:
      editSpec(world, (spec) => ({ ...spec, activeDeadlineSeconds: spec.activeDeadlineSeconds + 1 }));
      return;
    case 3: {
      const now = current(world);
      if (now?.status.decision !== undefined) world.backup = now;
      else if (now === undefined && world.backup !== undefined) restoreBackup(world, world.backup);
      return;
    }
    case 4:
      removeOriginal(world);
  }
};

/** `docker rm -f`: its owner does not want it any more. What the operator makes of it is its owner's risk. */
function removeOriginal(world: World): void {
  const { source } = world.nodes;
  if (!source.powered || !source.daemonUp) return;
  const original = source.containers.find(({ id }) => id === ORIGINAL);
  if (original === undefined) return;
  halt(world, original, 'dead');
  source.containers = source.containers.filter((one) => one !== original);
  world.truth.removedByOwner = true;
}

/** As a backup tool does, perhaps in another cluster: another UID, nothing that holds it, all else as it was. */
function restoreBackup(world: World, backup: ContainerMigration): void {
  const metadata = { ...backup.metadata, uid: `copy-of-${backup.metadata.uid}` };
  delete metadata.deletionTimestamp;
  store(world, { ...backup, metadata });
}

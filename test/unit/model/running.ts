import { current } from './api-server';
import { Violation } from './failures';
import type { SimContainer, SimNode, World } from './world';

const BY_DOCKER = 'started by Docker';

/** Every copy that runs now: thawed processes on nodes that have power. */
function runningCopies({ nodes }: World): readonly SimContainer[] {
  const found: SimContainer[] = [];
  for (const { powered, containers } of [nodes.source, nodes.target]) {
    if (!powered) continue;
    for (const container of containers) if (container.state === 'running') found.push(container);
  }
  return found;
}

/**
 * The container runs from here on, where it stood still. I1, for any cause: no other copy runs, and nothing that a copy
 * has counted already is counted again.
 */
export function thaw(world: World, container: SimContainer, how: string): void {
  if (container.state === 'running') return;
  container.state = 'running';
  container.killedByNode = false;
  world.trace?.push(`  ${container.id} runs at ${container.life}:${container.value} (${how})`);
  const { truth, nodes, actors } = world;
  // A source that was fenced may be back, and be at it, when the controller gives it up.
  const underWay = nodes.source.wasFenced && actors.source.begun < truth.endedAt;
  if (truth.ended && how !== BY_DOCKER && !underWay)
    throw new Violation(`I6: ${container.id} was ${how} after the end`);
  const copies = runningCopies(world);
  if (copies.length > 1) {
    throw new Violation(`I1: two copies run, ${copies.map(({ id }) => id).join(' and ')}; the last one was ${how}`);
  }
  const { frontier, unknowable } = truth;
  const counted = frontier[container.life] ?? 0;
  if (container.value < counted && unknowable[container.life] !== true) {
    throw new Violation(
      `I1: ${container.id} was ${how} at ${container.value}, although a copy had counted to ${counted} already`,
    );
  }
}

/** The container begins anew, with an empty memory. */
export function startAfresh(world: World, container: SimContainer, how: string): void {
  world.truth.lives += 1;
  container.life = world.truth.lives;
  container.value = 1;
  world.truth.frontier[container.life] = 1;
  thaw(world, container, how);
}

/** The container stands still, or dies; while it ran it has counted on. */
export function halt(world: World, container: SimContainer, to: 'paused' | 'dead'): void {
  if (container.state === 'running') {
    container.value += 1;
    world.truth.frontier[container.life] = Math.max(world.truth.frontier[container.life] ?? 0, container.value);
  }
  world.trace?.push(`  ${container.id} is ${to} at ${container.life}:${container.value}`);
  container.state = to;
}

/** Docker's part of a start of its daemon: what has a restart policy begins anew, whatever it was. */
function honourPolicies(world: World, node: SimNode): void {
  for (const container of node.containers) {
    if (container.state === 'dead' && container.policy === 'always') startAfresh(world, container, BY_DOCKER);
  }
}

function killAll(world: World, node: SimNode): void {
  for (const container of node.containers) {
    if (container.state !== 'running' && container.state !== 'paused') continue;
    container.killedByNode = container.state === 'running';
    halt(world, container, 'dead');
  }
  for (const marker of node.markers) marker.busy = false;
  node.dumping = undefined;
}

export function stopDaemon(world: World, node: SimNode): void {
  node.daemonUp = false;
  if (!node.liveRestore) killAll(world, node);
}

export function startDaemon(world: World, node: SimNode): void {
  node.daemonUp = true;
  honourPolicies(world, node);
}

/** The power goes: every process dies, and what lay in memory is lost, markers and journal included. */
export function powerOff(world: World, node: SimNode): void {
  for (const { state, life, madeBy } of node.containers) {
    // With the marker goes the knowledge that a copy has resumed, and with the journal that the original was woken up.
    const known = madeBy === undefined && node.journal?.stage !== 'woken';
    if (!known && (state === 'running' || state === 'dead')) world.truth.unknowable[life] = true;
  }
  killAll(world, node);
  node.powered = false;
  node.markers = [];
  node.journal = undefined;
  world.actors[node.role].visit = undefined;
}

export function powerOn(world: World, node: SimNode): void {
  node.powered = true;
  node.daemonUp = true;
  world.actors[node.role].cached = world.api.history.length - 1;
  honourPolicies(world, node);
}

/** A CRIU that is killed lets the container run on for a moment, before it is paused again: its dump is worthless. */
export function killDump(world: World, node: SimNode): void {
  if (node.dumping === undefined) return;
  const container = node.containers.find(({ id }) => id === node.dumping);
  node.dumping = undefined;
  if (container?.state !== 'paused') return;
  thaw(world, container, 'thawed by a killed CRIU');
  halt(world, container, 'paused');
}

/** One step of the wrapper that Docker has called for this marker; it needs no agent. True when it did something. */
export function wrapperStep(world: World, node: SimNode): boolean {
  const marker = node.markers.find(({ busy }) => busy);
  if (marker === undefined || !node.powered) return false;
  const container = node.containers.find(({ id }) => id === marker.containerID);
  switch (marker.state) {
    case 'armed':
      marker.state = 'restoring';
      return true;
    case 'restoring':
      readCheckpoint(world, marker.uid, container);
      marker.state = 'restored';
      return true;
    case 'restored':
      marker.busy = false;
      marker.state = world.behaviour.defect === 'markerNotConsumed' ? 'armed' : 'resumed';
      world.truth.resumed = true;
      if (node.role === 'target' && current(world)?.status.target?.lazyPages === 'Pending') marker.memory = 'arriving';
      if (container !== undefined) thaw(world, container, 'restored');
      return true;
    case 'resumed':
    case 'failed':
      marker.busy = false;
      return true;
  }
}

/** A page server that dies takes its container along, without any agent. */
export function losePages(world: World, node: SimNode): void {
  for (const marker of node.markers) {
    if (marker.memory !== 'arriving') continue;
    marker.memory = 'lost';
    const container = node.containers.find(({ id }) => id === marker.containerID);
    if (container?.state === 'running') halt(world, container, 'dead');
  }
}

/** I3: the restore reads nothing that is not there, complete and vouched for. */
function readCheckpoint(world: World, uid: string, container: SimContainer | undefined): void {
  const directory = world.volume.directories.get(uid);
  if (directory?.images !== 'complete' || directory.manifest === undefined || !directory.saved) {
    throw new Violation('I3: a checkpoint is restored that is not complete and published');
  }
  if (container === undefined) return;
  container.life = directory.life;
  container.value = directory.value;
}

import type { ContainerMigration, SourceStatus, TargetStatus } from '../../../src/api/types';
import type { ControllerStatus } from '../../../src/protocol/status';
import { CONFLICT, NoAnswer, NOT_FOUND, UNREACHABLE } from './failures';
import type { Actor, World } from './world';

type Version = ContainerMigration | undefined;

/** The object as it is; undefined once it is gone. */
export function current({ api }: World): Version {
  return api.history[api.history.length - 1];
}

/** What the actor was told last. */
export function cachedBy({ api }: World, actor: Actor): Version {
  return api.history[actor.cached];
}

/** The actor is told of a version of the object: any one, for events may be late and may come twice. */
export function tell({ api }: World, actor: Actor, index: number): void {
  actor.cached = Math.min(index, api.history.length - 1);
}

export function tellLatest({ api }: World, actor: Actor): void {
  actor.cached = api.history.length - 1;
}

function requireReachable({ api }: World, { node }: Actor): void {
  if (!api.up || node?.partitioned === true) throw UNREACHABLE;
}

/** Reads past the cache. */
export function fresh(world: World, actor: Actor): Version {
  requireReachable(world, actor);
  return current(world);
}

type Change = (now: ContainerMigration) => ContainerMigration;

/** One write: by UID, and only on the version that was seen when `ifUnchanged`. Its answer may be lost. */
function write(
  world: World,
  actor: Actor,
  seen: ContainerMigration,
  ifUnchanged: boolean,
  change: Change,
): ContainerMigration {
  requireReachable(world, actor);
  const arrive = (): ContainerMigration => {
    const now = current(world);
    if (now?.metadata.uid !== seen.metadata.uid) throw NOT_FOUND;
    if (ifUnchanged && now.metadata.resourceVersion !== seen.metadata.resourceVersion) throw CONFLICT;
    return store(world, change(now));
  };
  const { fault } = actor;
  const lost = fault?.kind === 'answerLost' || fault?.kind === 'late';
  if (!lost || fault.after-- > 0) return arrive();
  actor.fault = undefined;
  if (fault.kind === 'answerLost') arrive();
  else world.onTheWay.push(arrive);
  throw UNREACHABLE;
}

/** A request whose sender has given up arrives after all: what a dead process has sent is in the network still. */
export function arriveLate(world: World): void {
  const arrive = world.onTheWay.shift();
  try {
    arrive?.();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
}

/** Stores a version; an object that is being deleted and that nobody holds goes. */
export function store({ api }: World, next: ContainerMigration): ContainerMigration {
  api.version += 1;
  const stored = { ...next, metadata: { ...next.metadata, resourceVersion: String(api.version) } };
  const { deletionTimestamp, finalizers = [] } = stored.metadata;
  api.history.push(deletionTimestamp !== undefined && finalizers.length === 0 ? undefined : stored);
  return stored;
}

/** Guarded: a report that arrives late, when its sender is dead, would undo what its follower has reported. */
export function writeSource(world: World, actor: Actor, seen: ContainerMigration, source: SourceStatus): void {
  const guarded = world.behaviour.defect !== 'sourceReportsUnguarded';
  write(world, actor, seen, guarded, (now) => ({ ...now, status: { ...now.status, source } }));
}

export function writeTarget(
  world: World,
  actor: Actor,
  seen: ContainerMigration,
  target: TargetStatus,
  { ifUnchanged }: { readonly ifUnchanged: boolean },
): ContainerMigration {
  return write(world, actor, seen, ifUnchanged, (now) => ({ ...now, status: { ...now.status, target } }));
}

/** The controller's fields, all of them, on the version that it saw. */
export function writeController(
  world: World,
  actor: Actor,
  seen: ContainerMigration,
  status: ControllerStatus,
  { ifUnchanged }: { readonly ifUnchanged: boolean },
): ContainerMigration {
  return write(world, actor, seen, ifUnchanged, (now) => {
    const { source, target } = now.status;
    const kept = {
      ...(source === undefined ? {} : { source }),
      ...(target === undefined ? {} : { target }),
    };
    return { ...now, status: { ...status, ...kept } };
  });
}

export function writeMetadata(
  world: World,
  actor: Actor,
  seen: ContainerMigration,
  metadata: Partial<ContainerMigration['metadata']>,
): ContainerMigration {
  return write(world, actor, seen, true, (now) => ({ ...now, metadata: { ...now.metadata, ...metadata } }));
}

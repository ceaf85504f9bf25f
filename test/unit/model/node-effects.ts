import { DAEMON_DOWN, LASTING, NOT_RUNNING, PASSING, Violation, VOLUME_DOWN, VOLUME_FULL } from './failures';
import { halt, killDump, startAfresh, thaw } from './running';
import type { Actor, SimContainer, SimDirectory, SimMarker, SimNode, World } from './world';
import { ORIGINAL } from './world';

/** Fails when the schedule said that the actor's next operation does. */
export function failWhenDue(actor: Actor): void {
  const { fault } = actor;
  if (fault === undefined || fault.kind === 'answerLost' || fault.kind === 'late' || fault.after-- > 0) return;
  actor.fault = fault.kind === 'stuck' ? { kind: 'late', after: 0 } : undefined;
  throw fault.kind === 'lasting' ? LASTING : PASSING;
}

/** What an agent does with the Docker daemon of its node. Each is atomic, fails as a whole, and can be repeated. */
export class Docker {
  constructor(
    private readonly world: World,
    private readonly actor: Actor,
    readonly node: SimNode,
  ) {}

  private call(): void {
    if (!this.node.daemonUp) throw DAEMON_DOWN;
    failWhenDue(this.actor);
  }

  original(): SimContainer | undefined {
    if (!this.node.daemonUp) throw DAEMON_DOWN;
    return this.node.containers.find(({ id }) => id === ORIGINAL);
  }

  /** The container that the migration made here. */
  ours(uid: string): SimContainer | undefined {
    if (!this.node.daemonUp) throw DAEMON_DOWN;
    return this.node.containers.find(({ madeBy }) => madeBy === uid);
  }

  create(uid: string): SimContainer {
    this.call();
    const { truth, behaviour } = this.world;
    truth.made += 1;
    const made: SimContainer = {
      id: `${this.node.role === 'source' ? 'replacement' : 'copy'}-${truth.made}`,
      madeBy: uid,
      state: 'created',
      policy: behaviour.defect === 'policySetAtCreation' ? truth.policy : 'no',
      life: 0,
      value: 0,
      killedByNode: false,
    };
    this.node.containers.push(made);
    return made;
  }

  setPolicy(container: SimContainer, policy: 'no' | 'always'): void {
    this.call();
    container.policy = policy;
  }

  pause(container: SimContainer): void {
    this.call();
    if (container.state === 'dead') throw NOT_RUNNING;
    if (container.state === 'running') halt(this.world, container, 'paused');
  }

  isFrozen({ state }: SimContainer): boolean {
    return state === 'paused';
  }

  unpause(container: SimContainer): void {
    this.call();
    if (container.state === 'dead') throw NOT_RUNNING;
    if (container.state === 'paused') thaw(this.world, container, 'unpaused');
  }

  kill(container: SimContainer): void {
    this.call();
    if (container.state !== 'running' && container.state !== 'paused') return;
    if (!this.world.truth.resumed) throw new Violation('I2: the original is killed, and no copy has ever run');
    // Docker's kill thaws first; the driver kills every process while it is frozen.
    if (this.world.behaviour.defect === 'killThaws' && container.state === 'paused') {
      thaw(this.world, container, 'thawed by docker kill');
    }
    halt(this.world, container, 'dead');
  }

  remove(container: SimContainer): void {
    this.call();
    if (container.state === 'running' || container.state === 'paused') halt(this.world, container, 'dead');
    this.node.containers = this.node.containers.filter((one) => one !== container);
  }

  startAfresh(container: SimContainer): void {
    this.call();
    if (container.state === 'dead') startAfresh(this.world, container, 'started again in place of its restart policy');
  }

  /** Docker calls the wrapper, which consumes the marker before it restores. */
  startArmed(marker: SimMarker): void {
    this.call();
    marker.busy = true;
  }
}

/** The markers and the dump: what the driver does beneath Docker, without its daemon. */
export class Driver {
  constructor(
    private readonly world: World,
    private readonly actor: Actor,
    readonly node: SimNode,
  ) {}

  marker(uid: string): SimMarker | undefined {
    return this.node.markers.find((marker) => marker.uid === uid);
  }

  arm(container: SimContainer, uid: string): SimMarker {
    failWhenDue(this.actor);
    const marker: SimMarker = { containerID: container.id, uid, state: 'armed', busy: false, memory: undefined };
    this.node.markers = [...this.node.markers.filter((one) => one.uid !== uid), marker];
    return marker;
  }

  /** A restore that has not resumed is killed with its processes; one that has runs on. */
  disarm(uid: string): void {
    failWhenDue(this.actor);
    const marker = this.marker(uid);
    if (marker === undefined || marker.state === 'resumed') return;
    marker.state = 'failed';
    marker.busy = false;
  }

  /** The page server goes on meanwhile; without a marker nobody knows of one. */
  memory(uid: string): NonNullable<SimMarker['memory']> {
    const marker = this.marker(uid);
    const now = marker?.memory ?? 'lost';
    if (marker !== undefined && now === 'arriving') marker.memory = 'complete';
    return now;
  }

  forget(uid: string): void {
    failWhenDue(this.actor);
    if (this.world.behaviour.defect === 'nothingForgotten') return;
    this.node.markers = this.node.markers.filter((marker) => marker.uid !== uid);
  }

  /** The restore ends without its container: CRIU failed, or was killed. */
  killRestore(marker: SimMarker): void {
    marker.state = 'failed';
    marker.busy = false;
  }

  beginDump(container: SimContainer, directory: SimDirectory): void {
    killDump(this.world, this.node);
    if (container.state !== 'paused') throw NOT_RUNNING;
    const same = directory.life === container.life && directory.value === container.value;
    const noted = directory.manifest !== undefined || this.node.journal?.stage === 'dumped';
    if (same && noted && directory.images === 'complete') throw new Violation('I4: a good dump is done again');
    this.node.dumping = container.id;
    directory.images = 'partial';
    directory.saved = false;
    directory.manifest = undefined;
    directory.life = container.life;
    directory.value = container.value;
  }

  /** A dump that fails is killed: what was written is worthless, and the container has run for a moment. */
  endDump(directory: SimDirectory): void {
    try {
      failWhenDue(this.actor);
    } catch (error) {
      killDump(this.world, this.node);
      throw error;
    }
    // Somebody else has killed it meanwhile.
    if (this.node.dumping === undefined && directory.images !== 'complete') throw NOT_RUNNING;
    this.node.dumping = undefined;
    directory.images = 'complete';
  }

  abandonDump(): void {
    failWhenDue(this.actor);
    killDump(this.world, this.node);
  }
}

/** The shared volume as one agent sees it. */
export class Volume {
  constructor(
    private readonly world: World,
    private readonly actor: Actor,
  ) {}

  private call(): void {
    if (!this.world.volume.up) throw VOLUME_DOWN;
    failWhenDue(this.actor);
  }

  private empty(): SimDirectory {
    return { description: false, images: 'none', saved: false, manifest: undefined, life: 0, value: 0 };
  }

  /** What lies there; a read, which fails only with the volume. */
  read(uid: string): SimDirectory | undefined {
    if (!this.world.volume.up) throw VOLUME_DOWN;
    return this.world.volume.directories.get(uid);
  }

  /** The directory, to be written to. */
  open(uid: string): SimDirectory {
    this.call();
    if (this.world.volume.full) throw VOLUME_FULL;
    const { directories } = this.world.volume;
    const directory = directories.get(uid) ?? this.empty();
    directories.set(uid, directory);
    return directory;
  }

  discard(uid: string, keep: boolean): void {
    this.call();
    if (keep) return;
    const needed = this.world.nodes.target.markers.some((marker) => marker.uid === uid && marker.memory === 'arriving');
    if (needed) throw new Violation('I3: a checkpoint is removed from which memory is being brought in');
    this.world.volume.directories.delete(uid);
  }
}

/** The digest that the manifest of these images has. */
export const digestOf = ({ life, value }: SimDirectory): string => `${life}:${value}`;

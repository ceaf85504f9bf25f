import type { CriuOption } from '../criu/options';
import type { ContainerInfo, EngineInfo } from '../docker/engine';
import type { RestoreProof } from './restore-proof';

/** What a driver must know of a container. */
export type DriverContainer = Pick<ContainerInfo, 'id' | 'pid' | 'runtime' | 'annotations'>;

/** What a driver must know of the daemon. */
export type DriverEngineInfo = Pick<EngineInfo, 'runtimes' | 'version' | 'experimental'>;

export const DRIVER_NAMES = ['runc', 'docker'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];

/** What the owner of a container wants of its migration, as far as drivers differ in it. */
export interface FreezeWishes {
  /** What stands in spec.connections. */
  readonly connections: string;
}

/** One reason why something cannot be done here, or will not be as expected. */
export interface Finding {
  /** Stable CamelCase word. */
  readonly reason: string;
  /** What is wrong and what to do. */
  readonly message: string;
  /** False: a warning only. */
  readonly blocking: boolean;
}

/** The directories of one attempt: `images` holds what CRIU writes and reads, `work` its logs and statistics. */
export interface CheckpointDirectories {
  readonly images: string;
  readonly work: string;
}

/**
 * Where a container that is to be woken up stands:
 * `none` it was not armed, or was disarmed; `armed` the next start is a restore; `restoring` CRIU works (or was killed
 * at it); `restored` its processes exist, stopped; `resumed` they run; `failed` the restore failed or was prevented.
 */
export type WakeState = 'none' | 'armed' | 'restoring' | 'restored' | 'resumed' | 'failed';

/**
 * Where the memory of a container is that runs before all of it was there: `lost` will not come any more, whatever the
 * container does; `why` says for people how that came.
 */
export type LazyMemory = { readonly state: 'arriving' | 'complete' } | { readonly state: 'lost'; readonly why: string };

/** What `prepareDump` found out, for the dump that follows it. */
export interface PreparedDump {
  /** Where runc keeps the container's state. */
  readonly root: string;
  /** What runc says of its options. */
  readonly help: string;
}

export interface DumpOptions {
  readonly timeoutMs: number;
  /** Only what `prepareDump` gave for this very dump, of a container that ran then and was paused since. */
  readonly prepared?: PreparedDump | undefined;
  /** What CRIU is told besides. */
  readonly criuOptions?: readonly CriuOption[];
  readonly signal?: AbortSignal;
  /** Whether `silence` was called: nothing changes in its network, and CRIU need not see to that itself. */
  readonly isSilent?: boolean;
  /**
   * Called when the container certainly stands still, before CRIU begins: rids it of its connections. With it, the dump
   * leaves out those that begin meanwhile and that nobody can accept; without it, they fail it (`ConnectionsInFlight`).
   */
  readonly closeConnections?: () => Promise<void>;
}

export interface Woken {
  /** When the processes ran on: RFC 3339 with microseconds, UTC, this node's clock (4 ms coarse). */
  readonly resumedAt: string;
  /** CRIU's part of the wake-up; undefined when its statistics cannot be read any more. */
  readonly restoreMs: number | undefined;
}

/**
 * How a container is frozen and woken up. Everything else of a migration does not know which driver does it.
 * Errors are ReasonedErrors; those of CRIU carry the end of its log.
 */
export interface Driver {
  readonly name: DriverName;

  /** Why this container cannot be frozen here; nothing found means that it can. Changes nothing. */
  checkFreeze(container: DriverContainer, wishes?: FreezeWishes): Promise<readonly Finding[]>;

  /**
   * Why this node cannot wake a container up; nothing found means that it can. Changes nothing.
   * @param container what is known of the one in question
   */
  checkWake(engine: DriverEngineInfo, container?: { readonly hasNodeNetwork: boolean }): Promise<readonly Finding[]>;

  /** Why this node cannot wake a container up whose sockets need their addresses (`arm`). Changes nothing. */
  checkAddresses(engine: DriverEngineInfo): Promise<readonly Finding[]>;

  /** Why this node cannot bring memory in while a container runs already (`arm`). Changes nothing. */
  checkLazy(engine: DriverEngineInfo): Promise<readonly Finding[]>;

  /**
   * Does of a dump what the container need not stand still for, right before it is paused. A dump that is not told what
   * came of it does the same itself.
   */
  prepareDump(
    container: DriverContainer,
    target: CheckpointDirectories,
    options?: Pick<DumpOptions, 'signal'>,
  ): Promise<PreparedDump>;

  /** Why nothing that this container sends could be held back here; nothing found means that it can. */
  checkSilence(container: DriverContainer): Promise<readonly Finding[]>;

  /**
   * Nothing leaves the network of a paused container any more, whatever its kernel has to say, and no packet comes in,
   * until `openNetwork`. Idempotent.
   * @throws ReasonedError NetworkNotSilenced
   */
  silence(container: DriverContainer): Promise<void>;

  /**
   * Lets the container's network send again, on the source after a rollback or on the target after the wake-up. One
   * that was never kept from it is left as it is. Idempotent.
   * @throws ReasonedError NetworkLocked
   */
  openNetwork(container: Pick<DriverContainer, 'pid'>): Promise<void>;

  /**
   * Dumps a paused container, which stays paused. What the directories held before is removed, and a dump that an
   * earlier life of the agent began is killed. On the deadline CRIU is killed with its children (`CriuTimedOut`).
   * A CRIU that is killed lets the container run on, whatever Docker says: after a failure it is paused again, so that
   * Docker is right and can unpause it. A dump during which the container ran is no dump (`NotFrozen`).
   * After a good one a stop waits in every process: none runs on, whoever thaws the container, before `abandonDump` or
   * `letRun`.
   */
  dump(container: DriverContainer, target: CheckpointDirectories, options: DumpOptions): Promise<{ dumpMs: number }>;

  /**
   * Before a paused container is woken up again: ends a dump that an earlier life of the agent began, and makes the
   * runtime agree with Docker that the container is paused, so that Docker's unpause works.
   */
  abandonDump(container: DriverContainer): Promise<void>;

  /** Lets a container run on that somebody else has unpaused after its dump. One that runs is left as it is. */
  letRun(container: DriverContainer): Promise<void>;

  /** What the container must be created with, so that this driver can wake it up. */
  createOptions(migrationUID: string): { runtime: string; annotations: Record<string, string> };

  /**
   * Makes the next start of a created container a restore of the checkpoint. May be repeated until that start, and
   * after one that failed; `AlreadyWaking` from then on. Once the signal is aborted, nothing is armed any more.
   * @param options.criuOptions those that the dump was made with
   * @param options.addresses IP addresses that its sockets have: where Docker has not made the container's network yet,
   *   they are there when CRIU makes the sockets, with a route to everywhere; and no TCP leaves the new network before
   *   the processes run. Not for a container in the network of the node.
   * @param options.lazyPages the container runs before its memory is there, which comes from `checkpoint.images` meanwhile
   *   and must stay there until `memory` says that it is complete. Should it not come, the container is killed, also
   *   without an agent.
   */
  arm(
    containerID: string,
    migrationUID: string,
    checkpoint: CheckpointDirectories,
    options?: {
      criuOptions?: readonly CriuOption[];
      addresses?: readonly string[];
      lazyPages?: boolean;
      signal?: AbortSignal;
    },
  ): Promise<void>;

  /** Where the wake-up stands, read from the disk: for an agent that was restarted. */
  wakeState(containerID: string): Promise<WakeState>;

  /**
   * Starts an armed container, which must go by the wrapper (`NotARestore`). On the deadline the restore is killed (`WakeTimedOut`), so that Docker's start returns as well. A failed restore is explained from
   * CRIU's log. Called again for a container that has resumed, it only reports.
   */
  wake(containerID: string, options: { timeoutMs: number }): Promise<Woken>;

  /** Of a container that was armed with `lazyPages` and has resumed; one whose marker is gone has lost it. */
  memory(containerID: string): Promise<LazyMemory>;

  /**
   * Looks whether a container that has resumed is the one that was dumped and not begun anew, whatever the wrapper says
   * (`RestoreNotProven`). One that has ended since is well. What was proved once is known, however often it is asked.
   */
  prove(container: Pick<DriverContainer, 'id' | 'pid'>): Promise<RestoreProof>;

  /**
   * From now on no start of this container does anything, until it is forgotten: kills a restore that still runs, and
   * has the wrapper refuse any start that Docker has yet to carry out. One that has resumed runs on, and is forgotten.
   * Idempotent.
   */
  disarm(containerID: string, migrationUID: string): Promise<void>;

  /** Removes all that `arm` and `disarm` left. For a container that has resumed or is gone. Idempotent. */
  forget(containerID: string, migrationUID: string): Promise<void>;

  /** Before Docker kills the original: kills every process while it is frozen, so that none runs on when it thaws. */
  killFrozen(container: DriverContainer): Promise<void>;
}
